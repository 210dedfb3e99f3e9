/** The codecs, under one roof: JSON, protobuf, and the shape in which Go would marshal an object. */
export { type DecodedJson, DecodeError, decodeJson, encodeJson, type FieldValidation, parseJson } from "./json.ts";
export { normalize, TypeMismatch } from "./normalize.ts";
export {
  type DecodedProtobuf,
  decodeProtobuf,
  decodeProtobufBody,
  encodeProtobuf,
  encodeProtobufBody,
  encodeWatchEventBody,
  envelop,
  openEnvelope,
  protobufMagic,
} from "./protobuf.ts";
export { type DecodedRequest, decodeRequest, type TypeLookup } from "./json-request.ts";
