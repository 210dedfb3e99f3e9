/** Signs approved requests for the cluster's own signers. */
import { hasReason } from "../../core/api-error.ts";
import { formatTime } from "../../core/clock.ts";
import { authorityEnds, type CertificateAndKey, type CertificateSigningRequest as ParsedRequest, signRequest } from "../../host/pki.ts";
import type { Controller } from "../../operator/controller.ts";
import { mutable } from "../../schema/object.ts";
import { certificatesigningrequests, type CertificateSigningRequest } from "../../schema/types/certificates-v1.ts";
import {
  clientSigner,
  clientUsageFault,
  hasCondition,
  hasFailed,
  kubeletClientFault,
  kubeletClientSigner,
  kubeletServingFault,
  kubeletServingSigner,
  legacySigner,
  parsedRequest,
} from "../signing-requests.ts";
import { typed } from "../typed.ts";
import { usagesOf } from "./usages.ts";

export interface CertificateSigningOptions {
  /** What signs. */
  readonly authority: CertificateAndKey;
  /** The longest life of a certificate, in seconds; a year when absent. */
  readonly maxSeconds?: number;
}

type Fault = (request: ParsedRequest, usages: readonly string[]) => string | undefined;

/** What each signer refuses for good. */
const signers: Readonly<Record<string, Fault>> = {
  [kubeletServingSigner]: kubeletServingFault,
  [kubeletClientSigner]: kubeletClientFault,
  [clientSigner]: (_, usages) => clientUsageFault(usages),
  [legacySigner]: () => undefined,
};

const year = 365 * 24 * 3600;
const leastSeconds = 600;
/** Clocks differ: a certificate is good from a while before it was made. Milliseconds. */
const backdate = 300_000;
/** Of a life shorter than this nothing is taken away for the backdating. Milliseconds. */
const short = 8 * 3_600_000;

/** From when to when a certificate is good, in ms since the epoch. `asked`: seconds. */
export function lifeOf(
  asked: number | undefined,
  maxSeconds: number,
  now: number,
): { readonly notBefore: number; readonly notAfter: number } {
  const seconds = asked === undefined || asked > maxSeconds ? maxSeconds : Math.max(asked, leastSeconds);
  const ttl = seconds * 1000;
  return { notBefore: now - backdate, notAfter: ttl < short ? now + ttl : now + ttl - backdate };
}

export function certificateSigningController({ authority, maxSeconds = year }: CertificateSigningOptions): Controller {
  return {
    name: "certificatesigningrequest-signing-controller",
    identity: "certificate-controller",
    workers: 5,
    setup({ client, informers, clock }, queue) {
      const informer = informers.informer(certificatesigningrequests);
      const enqueue = (request: CertificateSigningRequest): void => queue.add(request.metadata?.name ?? "");
      informer.addHandlers({ onAdd: enqueue, onUpdate: enqueue });
      const write = async (request: CertificateSigningRequest, status: CertificateSigningRequest["status"]): Promise<void> => {
        const changed = mutable(typed(certificatesigningrequests, request));
        try {
          await client.resource(certificatesigningrequests).updateStatus({ ...changed, ...(status === undefined ? {} : { status }) });
        } catch (error) {
          if (!hasReason(error, "NotFound")) throw error;
        }
      };
      return async (key) => {
        const request = informer.lister.get("", key);
        if (request === undefined || (request.status?.certificate ?? "") !== "") return;
        if (!hasCondition(request, "Approved") || hasCondition(request, "Denied") || hasFailed(request)) return;
        const { signerName, usages = [] } = request.spec;
        const check = Object.hasOwn(signers, signerName) ? signers[signerName] : undefined;
        if (check === undefined) return;
        const parsed = parsedRequest(request);
        const fault = check(parsed, usages);
        const now = clock.now();
        if (fault !== undefined) {
          const failed = {
            type: "Failed",
            status: "True",
            reason: "SignerValidationFailure",
            message: fault,
            lastUpdateTime: formatTime(now),
          };
          await write(request, { ...request.status, conditions: [...(request.status?.conditions ?? []), failed] });
          return;
        }
        if (now >= authorityEnds(authority)) throw new Error("refusing to sign a certificate that expired in the past");
        const certificate = signRequest(authority, parsed, {
          ...usagesOf(usages),
          ...lifeOf(request.spec.expirationSeconds, maxSeconds, now),
        });
        await write(request, { ...request.status, certificate: Buffer.from(certificate).toString("base64") });
      };
    },
  };
}
