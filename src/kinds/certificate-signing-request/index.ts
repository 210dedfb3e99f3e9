import type { CertificateSigningRequest } from "../../schema/types/certificates-v1.ts";
import { certificatesigningrequests } from "../../schema/types/certificates-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { certificateSigningRequestCells } from "./columns.ts";
import { validateSigningRequest, validateSigningRequestUpdate } from "./validation.ts";
import { signingRequestWrites } from "./writes.ts";

export const certificateSigningRequestKind: Kind = kind<CertificateSigningRequest>({
  ref: certificatesigningrequests,
  metadataOnUpdate: ["whole", "change"],
  metadataOnStatusUpdate: ["whole", "change"],
  ...signingRequestWrites,
  validateName: () => [],
  validateCreate: (request) => validateSigningRequest(request),
  validateUpdate: (request, old) => validateSigningRequestUpdate(request, old),
  validateStatusUpdate: (request, old) => validateSigningRequestUpdate(request, old, { certificate: true }),
  selectableFieldNames: ["spec.signerName"],
  selectableFields: (request) => ({ "spec.signerName": request.spec?.signerName ?? "" }),
  cells: certificateSigningRequestCells,
});
