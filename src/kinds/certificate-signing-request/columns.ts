import type { CertificateSigningRequest } from "../../schema/types/certificates-v1.ts";
import { age, humanDuration } from "../age.ts";
import { nameOf } from "../cell-text.ts";

export function certificateSigningRequestCells(request: CertificateSigningRequest, now: number): unknown[] {
  const { spec } = request;
  const lasts = spec.expirationSeconds === undefined ? "<none>" : humanDuration(spec.expirationSeconds * 1000);
  return [nameOf(request), age(request, now), spec.signerName || "<none>", spec.username ?? "", lasts, conditionText(request)];
}

function conditionText({ status }: CertificateSigningRequest): string {
  const has = (type: string): boolean => status?.conditions?.some((c) => c.type === type) === true;
  const failed = has("Failed") ? ",Failed" : "";
  const issued = (status?.certificate ?? "") === "" ? "" : ",Issued";
  return (has("Denied") ? "Denied" : has("Approved") ? "Approved" : "Pending") + failed + issued;
}
