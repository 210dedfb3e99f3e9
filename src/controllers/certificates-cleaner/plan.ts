/** Which signing requests have done their work, or never will. Pure. */
import { X509Certificate } from "node:crypto";
import type { CertificateSigningRequest } from "../../schema/types/certificates-v1.ts";

const hour = 3_600_000;
const day = 24 * hour;

function older(time: string | undefined, age: number, now: number): boolean {
  return time !== undefined && now - Date.parse(time) > age;
}

function expired(certificate: string, now: number): boolean {
  if (certificate === "") return false;
  try {
    return now > new X509Certificate(Buffer.from(certificate, "base64")).validToDate.getTime();
  } catch {
    // Whatever it is, it is no certificate that could end.
    return false;
  }
}

/** `now`: milliseconds since the epoch. */
export function isOver(request: CertificateSigningRequest, now: number): boolean {
  const { conditions = [], certificate = "" } = request.status ?? {};
  if (conditions.length === 0) return older(request.metadata?.creationTimestamp, day, now);
  return conditions.some(({ type, lastUpdateTime }) => {
    if (type === "Denied" || type === "Failed") return older(lastUpdateTime, hour, now);
    if (type !== "Approved") return false;
    return certificate === "" ? older(lastUpdateTime, day, now) : older(lastUpdateTime, hour, now) || expired(certificate, now);
  });
}
