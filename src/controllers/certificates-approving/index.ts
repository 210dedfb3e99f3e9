/** Approves what kubelets ask for themselves, when who asks may (subject access reviews on nodeclient and selfnodeclient). */
import { hasReason } from "../../core/api-error.ts";
import type { Controller, ReconcileResult } from "../../operator/controller.ts";
import { mutable } from "../../schema/object.ts";
import { subjectaccessreviews } from "../../schema/types/authorization-v1.ts";
import { certificatesigningrequests, type CertificateSigningRequest } from "../../schema/types/certificates-v1.ts";
import { hasCondition, kubeletClientFault, kubeletClientSigner, parsedRequest } from "../signing-requests.ts";
import { typed } from "../typed.ts";

interface Recognizer {
  readonly subresource: string;
  readonly message: string;
}

/** Who is refused is asked again after this, and after twice as long each time. Milliseconds. */
const firstRetry = 200;
const lastRetry = 1_000_000;

const self: Recognizer = {
  subresource: "selfnodeclient",
  message: "Auto approving self kubelet client certificate after SubjectAccessReview.",
};
const other: Recognizer = {
  subresource: "nodeclient",
  message: "Auto approving kubelet client certificate after SubjectAccessReview.",
};

/** The rights of which one is enough, in the order in which they are asked about; none for requests of other kinds. */
export function rightsFor(request: CertificateSigningRequest): Recognizer[] {
  const parsed = parsedRequest(request);
  if (request.spec.signerName !== kubeletClientSigner) return [];
  if (kubeletClientFault(parsed, request.spec.usages ?? []) !== undefined) return [];
  return request.spec.username === parsed.commonName ? [self, other] : [other];
}

export function certificateApprovingController(): Controller {
  return {
    name: "certificatesigningrequest-approving-controller",
    identity: "certificate-controller",
    workers: 5,
    setup({ client, informers, log }, queue) {
      const informer = informers.informer(certificatesigningrequests);
      const enqueue = (request: CertificateSigningRequest): void => queue.add(request.metadata?.name ?? "");
      informer.addHandlers({ onAdd: enqueue, onUpdate: enqueue, onDelete: enqueue });
      const allowed = async (request: CertificateSigningRequest, subresource: string): Promise<boolean> => {
        const { username = "", uid, groups, extra } = request.spec;
        const review = await client.resource(subjectaccessreviews).create({
          apiVersion: "authorization.k8s.io/v1",
          kind: "SubjectAccessReview",
          spec: {
            user: username,
            ...(uid === undefined ? {} : { uid }),
            ...(groups === undefined ? {} : { groups }),
            ...(extra === undefined ? {} : { extra }),
            resourceAttributes: {
              group: "certificates.k8s.io",
              resource: "certificatesigningrequests",
              verb: "create",
              subresource,
              version: "*",
            },
          },
        });
        return review.status?.allowed === true;
      };
      /** How often each was refused. */
      const refusals = new Map<string, number>();
      return async (key): Promise<ReconcileResult | void> => {
        const request = informer.lister.get("", key);
        const decided = request === undefined || hasCondition(request, "Approved") || hasCondition(request, "Denied");
        if (decided || (request.status?.certificate ?? "") !== "") {
          refusals.delete(key);
          return;
        }
        const rights = rightsFor(request);
        for (const { subresource, message } of rights) {
          if (!(await allowed(request, subresource))) continue;
          const changed = mutable(typed(certificatesigningrequests, request));
          changed.status = {
            ...changed.status,
            conditions: [...(changed.status?.conditions ?? []), { type: "Approved", status: "True", reason: "AutoApproved", message }],
          };
          try {
            await client.resource(certificatesigningrequests).updateSubresource(key, "approval", changed);
          } catch (error) {
            if (!hasReason(error, "NotFound")) throw error;
          }
          return undefined;
        }
        if (rights.length === 0) return undefined;
        // Whoever asks may be given the right one day.
        const tried = rights.map((r) => r.subresource).join(" ");
        log.debug("a recognized signing request was not approved by an access review", { request: key, tried });
        const times = refusals.get(key) ?? 0;
        refusals.set(key, times + 1);
        return { requeueAfter: Math.min(firstRetry * 2 ** times, lastRetry) };
      };
    },
  };
}
