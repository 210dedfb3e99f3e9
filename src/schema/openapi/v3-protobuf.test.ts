import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeOpenApiV3 } from "./v3-protobuf.ts";

const document = {
  openapi: "3.0.0",
  info: {
    title: "T",
    version: "1",
  },
  paths: {
    "/a/{n}": {
      parameters: [
        {
          name: "n",
          in: "path",
          required: true,
          schema: {
            type: "string",
            uniqueItems: true,
          },
        },
      ],
      get: {
        tags: ["t"],
        operationId: "g",
        responses: {
          "200": {
            description: "OK",
            content: {
              "application/json": {
                schema: {
                  $ref: "#/components/schemas/A",
                },
              },
            },
          },
        },
      },
      put: {
        operationId: "p",
        requestBody: {
          content: {
            "*/*": {
              schema: {
                type: "object",
              },
            },
          },
        },
        responses: {
          "401": {
            description: "No",
          },
        },
      },
    },
  },
  components: {
    schemas: {
      A: {
        type: "object",
        required: ["x"],
        properties: {
          x: {
            type: "integer",
            format: "int32",
            default: 0,
            minimum: 1,
          },
          b: {
            type: "boolean",
            default: true,
          },
          s: {
            type: "string",
            default: "d",
          },
          o: {
            allOf: [
              {
                $ref: "#/components/schemas/B",
              },
            ],
            default: {},
          },
          m: {
            type: "object",
            additionalProperties: {
              type: "string",
            },
          },
          l: {
            type: "array",
            items: {
              $ref: "#/components/schemas/B",
            },
          },
        },
      },
      B: {
        oneOf: [
          {
            type: "string",
          },
          {
            type: "number",
          },
        ],
      },
    },
    securitySchemes: {
      T: {
        type: "apiKey",
        name: "authorization",
        in: "header",
        description: "d",
      },
    },
  },
};

/** What gnostic 0.7.1 makes of the same document. */
const expected = [
  "CgUzLjAuMBIGCgFUMgExIqwBCqkBCgYvYS97bn0SngEiSwoBdCoBZ0JDEkEKAzIwMBI6CjgKAk9LGjIKMAoQYXBwbGljYXRpb24vanNvbhIcChoSGAoWIy",
  "9jb21wb25lbnRzL3NjaGVtYXMvQSowKgFwOhoKGBIWChQKAyovKhINCgsKCcoBBm9iamVjdEIPEg0KAzQwMRIGCgQKAk5vah0KGwoBbhIEcGF0aCABUg4K",
  "DKABAcoBBnN0cmluZyrNAgqdAgr1AQoBQRLvAQrsAboBAXjKAQZvYmplY3T6AdsBCi4KAXgSKQonaQAAAAAAAPA/ygEHaW50ZWdlcooCCQkAAAAAAAAAAJ",
  "oCBWludDMyChYKAWISEQoPygEHYm9vbGVhbooCAhABChYKAXMSEQoPygEGc3RyaW5nigIDGgFkCicKAW8SIgog0gEaEhgKFiMvY29tcG9uZW50cy9zY2hl",
  "bWFzL0KKAgAKIAoBbRIbChnKAQZvYmplY3SCAg0KCwoJygEGc3RyaW5nCi4KAWwSKQonygEFYXJyYXnyARwKGhIYChYjL2NvbXBvbmVudHMvc2NoZW1hcy",
  "9CCiMKAUISHgoc2gELCgnKAQZzdHJpbmfaAQsKCcoBBm51bWJlcjorCikKAVQSJAoiCgZhcGlLZXkSAWQaDWF1dGhvcml6YXRpb24iBmhlYWRlcg==",
].join("");

void test("a v3 document in protobuf is byte for byte what gnostic makes of it", () => {
  assert.equal(Buffer.from(encodeOpenApiV3(document)).toString("base64"), expected);
});
