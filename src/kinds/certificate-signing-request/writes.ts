import type { CertificateSigningRequest, CertificateSigningRequestStatus } from "../../schema/types/certificates-v1.ts";
import type { Kind } from "../kind.ts";
import { keepField } from "../update-rules.ts";
import { validateSigningRequestUpdate } from "./validation.ts";

type Writes = Pick<Kind<CertificateSigningRequest>, "prepareForCreate" | "prepareForUpdate" | "prepareForStatusUpdate" | "subresources">;

/** Who asks is written into the spec by the server, and the times of conditions too: both come with the request. */
export const signingRequestWrites: Writes = {
  prepareForCreate(request): void {
    delete request.spec.username;
    delete request.spec.uid;
    delete request.spec.groups;
    delete request.spec.extra;
    request.status = {};
  },
  prepareForUpdate(request, old): void {
    keepField(request, old, "spec");
    keepField(request, old, "status");
  },
  prepareForStatusUpdate(request, old): void {
    keepField(request, old, "spec");
    for (const type of ["Approved", "Denied"]) keepConditions(request.status, old.status, type);
  },
  subresources: {
    approval: {
      prepareForUpdate(request, old): void {
        const conditions = request.status?.conditions;
        keepField(request, old, "spec");
        request.status = { ...old.status };
        if (conditions) request.status.conditions = conditions;
        else delete request.status.conditions;
      },
      validateUpdate: (request, old) => validateSigningRequestUpdate(request, old, { verdict: true }),
    },
  },
};

/** A status write leaves the verdict as it was. */
function keepConditions(
  status: CertificateSigningRequestStatus | undefined,
  old: CertificateSigningRequestStatus | undefined,
  type: string,
): void {
  const before = old?.conditions?.filter((c) => c.type === type) ?? [];
  const now = status?.conditions?.filter((c) => c.type === type) ?? [];
  if (!status?.conditions || before.length !== now.length) return;
  let next = 0;
  status.conditions = status.conditions.map((c) => (c.type === type ? (before[next++] ?? c) : c));
}
