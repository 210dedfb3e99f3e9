/** How this server shows extension servers that it may speak for others, and how they learn to believe it. */
import type { FrontProxy } from "../resources/aggregation/index.ts";
import type { AuthenticationInfo } from "../resources/loops/index.ts";
import type { ApiServerFlags } from "./api-server-flags/index.ts";
import { type ClusterPki, frontProxyName } from "./pki.ts";

/** The certificate that the flags name, or the cluster's own. */
export function frontProxyOf(flags: ApiServerFlags, pki: ClusterPki): FrontProxy {
  const [certificate, key] = [flags.file("proxy-client-cert-file"), flags.file("proxy-client-key-file")];
  return certificate === undefined || key === undefined ? pki.frontProxyClient : { certificate: certificate.text, key: key.text };
}

/** Unless the flags say whose word is taken, extension servers are told of the cluster's own front proxy. */
export function withFrontProxy(info: AuthenticationInfo, pki: ClusterPki): AuthenticationInfo {
  if (info.proxy !== undefined) return info;
  return {
    clientAuthorities: () => info.clientAuthorities(),
    onChange: (run) => info.onChange(run),
    proxy: {
      authorities: () => pki.frontProxyCa.certificate,
      allowedNames: [frontProxyName],
      usernameHeaders: ["X-Remote-User"],
      uidHeaders: ["X-Remote-Uid"],
      groupHeaders: ["X-Remote-Group"],
      extraHeaderPrefixes: ["X-Remote-Extra-"],
    },
  };
}
