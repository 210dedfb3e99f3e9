/** Flags about what is served, about other components, and about logs and metrics. */
import { fixed, flag, type FlagRow, noEffect, refused } from "../flag.ts";

const ownLog = "the log is one line a record on standard error, unbuffered";
const peers = "requests are not proxied to other API servers of another version";
const elections = "the API server does not elect leaders for others";
const kubeletTls = "the cluster's own authority signs both sides";
const longGone = "it has had no meaning since kubelets tell their ports";

export const compositionFlags: readonly FlagRow[] = [
  flag("feature-gates", "gates", "", "features to switch on or off"),
  flag("runtime-config", "map", "", "API versions and resources to switch on or off"),
  refused(
    "runtime-config-emulation-forward-compatible",
    "bool",
    "false",
    "serve newer APIs while emulating",
    "no other version is emulated",
  ),
  flag("emulated-version", "strings", "[]", "the version to behave as: 1.36"),
  refused("emulation-forward-compatible", "bool", "false", "serve newer stable APIs while emulating", "no other version is emulated"),
  flag("min-compatibility-version", "strings", "[]", "the oldest version of components to get along with"),
  flag("enable-logs-handler", "bool", "false", "serve the files of /var/log below /logs"),
  flag("allow-metric-labels", "stringArray", "[]", "values that a label of a metric may have; others are told as unexpected"),
  flag("allow-metric-labels-manifest", "string", "", "a file that says the same"),
  flag("disabled-metrics", "strings", "[]", "metrics that are not to be told"),
  noEffect("show-hidden-metrics-for-version", "string", "", "tell metrics that this version has hidden", "no metric is hidden"),
  noEffect("log-flush-frequency", "duration", "5s", "how long records may wait in memory", ownLog),
  noEffect("log-json-info-buffer-size", "quantity", "0", "bytes of records that wait in memory", ownLog),
  noEffect("log-json-split-stream", "bool", "false", "errors to standard error, others to standard output", ownLog),
  noEffect("log-text-info-buffer-size", "quantity", "0", "bytes of records that wait in memory", ownLog),
  noEffect("log-text-split-stream", "bool", "false", "errors to standard error, others to standard output", ownLog),
  flag("logging-format", "string", "text", "text or json"),
  flag("v", "int", "0", "how much is logged: from 4 on, debug records too"),
  refused("vmodule", "string", "", "how much single files log", "records carry components, not files"),
  refused(
    "service-cluster-ip-range",
    "string",
    "",
    "the ranges of Services' addresses; `--service-cidr` sets the first, this may add the second family",
    "`--service-cidr` says it",
  ),
  flag("service-node-port-range", "portRange", "30000-32767", "ports of Services on nodes"),
  fixed(
    "kubernetes-service-node-port",
    "int",
    "0",
    "the node port of the kubernetes Service; 0: none",
    "the server is reached at its own port",
  ),
  flag("endpoint-reconciler-type", "string", "lease", "who keeps the endpoints of the kubernetes Service: lease, master-count or none"),
  noEffect("apiserver-count", "int", "1", "API servers there are", "each server's lease tells of it"),
  noEffect(
    "kubelet-timeout",
    "duration",
    "5s",
    "how long a kubelet may take to be connected to",
    "a connection to a kubelet is given up when its client goes",
  ),
  flag(
    "kubelet-preferred-address-types",
    "strings",
    "[Hostname,InternalDNS,InternalIP,ExternalDNS,ExternalIP]",
    "which address of a node to reach its kubelet at",
  ),
  refused("kubelet-certificate-authority", "string", "", "the authority of kubelets' certificates, PEM", kubeletTls),
  refused("kubelet-client-certificate", "string", "", "the client certificate for kubelets, PEM", kubeletTls),
  refused("kubelet-client-key", "string", "", "the key of --kubelet-client-certificate, PEM", kubeletTls),
  noEffect("kubelet-port", "int", "10250", "the kubelets' port", longGone),
  noEffect("kubelet-read-only-port", "int", "10255", "the kubelets' port without TLS", longGone),
  flag("proxy-client-cert-file", "string", "", "the certificate that shows this server to extension servers and webhooks, PEM"),
  flag("proxy-client-key-file", "string", "", "the key of --proxy-client-cert-file, PEM"),
  refused("peer-advertise-ip", "string", "", "the address of this server for its peers", peers),
  refused("peer-advertise-port", "string", "", "the port of this server for its peers", peers),
  refused("peer-ca-file", "string", "", "the authority of the peers' certificates, PEM", peers),
  refused("coordinated-leadership-lease-duration", "duration", "15s", "how long an elected leader's lease lasts", elections),
  refused("coordinated-leadership-renew-deadline", "duration", "10s", "how long a leader tries to renew", elections),
  refused("coordinated-leadership-retry-period", "duration", "2s", "how long to wait between tries", elections),
  refused("help", "bool", "false", "print help", "`tsukube up --help` does"),
  refused("version", "bool", "false", "print the version", "`tsukube version` does"),
];
