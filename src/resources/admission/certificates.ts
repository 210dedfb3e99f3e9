/** Who may approve and sign certificates for a signer, and what nobody may ask for. */
import type { AdmissionPlugin } from "../../apiserver/admission.ts";
import type { UserInfo } from "../../auth/user.ts";
import { jsonEqual } from "../../apiserver/json-equal.ts";
import { parseCsr } from "../../host/pki.ts";
import type { CertificateSigningRequest } from "../../schema/types/certificates-v1.ts";
import type { ClusterTrustBundle } from "../../schema/types/certificates-v1beta1.ts";
import type { ResourceDeps } from "../deps.ts";
import { onlyCollectorFields } from "../rbac.ts";
import { isAbout, refusal } from "./forbidden.ts";

const group = "certificates.k8s.io";
const resource = "certificatesigningrequests";

/** May this user do that for a signer, or for all signers of its domain? */
export async function mayUseSigner(deps: ResourceDeps, user: UserInfo, verb: string, signer: string): Promise<boolean> {
  if (deps.authorizer === undefined) return true;
  const slash = signer.indexOf("/");
  // The signer itself, or all signers of its domain.
  for (const name of [signer, `${slash < 0 ? signer : signer.slice(0, slash)}/*`]) {
    const verdict = await deps.authorizer.authorize({
      user,
      verb,
      resourceRequest: true,
      path: "",
      group,
      version: "*",
      resource: "signers",
      subresource: "",
      namespace: "",
      name,
    });
    if (verdict.decision === "allow") return true;
  }
  return false;
}

export function certificateApproval(deps: ResourceDeps): AdmissionPlugin {
  return {
    name: "CertificateApproval",
    handles: (a) => a.operation === "UPDATE" && isAbout(a, group, resource, "approval"),
    validate: async (attributes) => {
      const signer = (attributes.oldObject as unknown as CertificateSigningRequest).spec.signerName;
      if (!(await mayUseSigner(deps, attributes.user, "approve", signer)))
        throw refusal(attributes, `user not permitted to approve requests with signerName ${JSON.stringify(signer)}`);
    },
  };
}

export function certificateSigning(deps: ResourceDeps): AdmissionPlugin {
  return {
    name: "CertificateSigning",
    handles: (a) => a.operation === "UPDATE" && isAbout(a, group, resource, "status"),
    validate: async (attributes) => {
      const old = attributes.oldObject as unknown as CertificateSigningRequest;
      const now = attributes.object as unknown as CertificateSigningRequest;
      const same =
        old.status?.certificate === now.status?.certificate && jsonEqual(old.status?.conditions ?? [], now.status?.conditions ?? []);
      if (same) return;
      if (!(await mayUseSigner(deps, attributes.user, "sign", old.spec.signerName)))
        throw refusal(attributes, `user not permitted to sign requests with signerName ${JSON.stringify(old.spec.signerName)}`);
    },
  };
}

/** Who vouches for a signer's trust anchors (KEP-3257). */
export function clusterTrustBundleAttest(deps: ResourceDeps): AdmissionPlugin {
  return {
    name: "ClusterTrustBundleAttest",
    handles: (a) =>
      (a.operation === "CREATE" || a.operation === "UPDATE") &&
      a.definition.resource === "clustertrustbundles" &&
      a.definition.group === group,
    validate: async (attributes) => {
      const { object, oldObject } = attributes;
      const signer = (object as unknown as ClusterTrustBundle).spec.signerName ?? "";
      if (object === undefined || signer === "") return;
      if (oldObject !== undefined && onlyCollectorFields(object, oldObject)) return;
      if (!(await mayUseSigner(deps, attributes.user, "attest", signer)))
        throw refusal(attributes, `user not permitted to attest for signerName ${JSON.stringify(signer)}`);
    },
  };
}

const clientSigner = "kubernetes.io/kube-apiserver-client";

/** Nobody becomes a member of system:masters by certificate. */
export function certificateSubjectRestriction(): AdmissionPlugin {
  return {
    name: "CertificateSubjectRestriction",
    handles: (a) => a.operation === "CREATE" && isAbout(a, group, resource),
    validate: (attributes) => {
      const request = attributes.object as unknown as CertificateSigningRequest;
      if (request.spec.signerName !== clientSigner) return;
      let organizations: readonly string[];
      try {
        organizations = parseCsr(Buffer.from(request.spec.request, "base64").toString("utf8")).organizations;
      } catch (error) {
        throw refusal(attributes, `failed to parse CSR: ${error instanceof Error ? error.message : String(error)}`);
      }
      if (organizations.includes("system:masters"))
        throw refusal(attributes, `use of ${clientSigner} signer with system:masters group is not allowed`);
    },
  };
}
