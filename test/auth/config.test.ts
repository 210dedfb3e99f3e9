/** What is wrong with configuration files is told in upstream's words: recorded from kube-apiserver's refusals to start. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { aggregate } from "../../src/auth/authorizers.ts";
import { parseAuthenticationConfiguration } from "../../src/auth/config/authentication-configuration.ts";
import { validateAuthentication } from "../../src/auth/config/authentication-validation.ts";
import { parseAuthorizationConfiguration } from "../../src/auth/config/authorization-configuration.ts";
import { authorizerNameFaults, validateAuthorization } from "../../src/auth/config/authorization-validation.ts";
import { ConfigError } from "../../src/auth/config/config-document.ts";
import { describeFieldError } from "../../src/schema/field-error.ts";

interface Refusal {
  readonly kind: "authentication" | "authorization";
  readonly text: string;
  readonly want: string;
}

const recorded = JSON.parse(readFileSync(new URL("refused-configurations.json", import.meta.url), "utf8")) as Record<string, Refusal>;

function refusal({ kind, text }: Refusal): string {
  try {
    if (kind === "authentication") {
      const { errors } = validateAuthentication(parseAuthenticationConfiguration(text), []);
      return `invalid authentication configuration: ${aggregate(errors.map(describeFieldError))}`;
    }
    const config = parseAuthorizationConfiguration(text);
    const errors = validateAuthorization(config).map(describeFieldError);
    return aggregate(errors.length > 0 ? errors : authorizerNameFaults(config, []));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const what = kind === "authentication" ? 'authentication configuration from file "FILE"' : "AuthorizationConfiguration from file";
    return `failed to load ${what}: ${error.message}`;
  }
}

for (const [name, one] of Object.entries(recorded)) {
  void test(`refused as by upstream: ${name}`, () => assert.equal(refusal(one), one.want));
}
