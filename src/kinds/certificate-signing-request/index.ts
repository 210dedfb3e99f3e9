import type { CertificateSigningRequest } from "../../schema/types/certificates-v1.ts";
import { certificatesigningrequests } from "../../schema/types/certificates-v1.ts";
import type { Kind } from "../kind.ts";
import { kind } from "../kind.ts";
import { certificateSigningRequestCells } from "./columns.ts";
import { signingRequestWrites } from "./writes.ts";

export const certificateSigningRequestKind: Kind = kind<CertificateSigningRequest>({
  ref: certificatesigningrequests,
  ...signingRequestWrites,
  selectableFieldNames: ["spec.signerName"],
  selectableFields: (request) => ({ "spec.signerName": request.spec?.signerName ?? "" }),
  cells: certificateSigningRequestCells,
});
