/** The sequences, by what they are about. */
import { kinds } from "./kinds.ts";
import { riches } from "./riches.ts";
import { type Sequence, step, type Step } from "./sequences.ts";

const core = "/api/v1/namespaces/NS";
const apps = "/apis/apps/v1/namespaces/NS";

function written(base: string, path: string, rows: readonly (readonly [line: string, body?: unknown, below?: string])[]): Step[] {
  return rows.map(([line, body, below = ""]) => step(line, line.startsWith("create") ? base : `${path}${below}`, body));
}

const cm = (data: object, meta: object = {}): object => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", ...meta }, data });

const configMaps: Sequence = {
  title: "config maps",
  steps: written(`${core}/configmaps`, `${core}/configmaps/a`, [
    ["apply one", cm({ a: "1", b: "1" })],
    ["apply two", cm({ c: "1" })],
    ["apply two", cm({ a: "2" })],
    ["apply two?force=true", cm({ a: "2" })],
    ["apply one", cm({ b: "1" })],
    ["apply one", cm({ b: "1" })],
    ["merge upd", { data: { b: "2", d: "1" } }],
    ["apply one", cm({ b: "1" })],
    ["apply one", cm({ b: "1", d: "1" })],
    ["apply one?force=true&dryRun=All", cm({ b: "3" })],
    ["json upd", [{ op: "remove", path: "/data/b" }]],
    ["strategic lab", { metadata: { labels: { x: "y" }, annotations: { "example.com/a": "b" }, finalizers: ["example.com/f"] } }],
    ["strategic lab", { metadata: { labels: { x: "y" } } }],
    ["apply one", cm({ b: "5" }, { labels: { x: "z" }, finalizers: ["example.com/f"] })],
    ["update put", { ...cm({ q: "1" }), metadata: { name: "a", finalizers: ["example.com/f"] } }],
    ["merge put", { metadata: { managedFields: [{}] } }],
    ["merge put", { data: { r: "1" } }],
    ["apply one", cm({ r: "2" })],
    ["apply one?force=true", cm({ r: "2" })],
    ["merge put", { metadata: { managedFields: [] } }],
    [
      "merge put",
      {
        metadata: {
          managedFields: [
            { manager: "x", operation: "Update", apiVersion: "v1", fieldsType: "FieldsV1", fieldsV1: { "f:data": { "f:r": {} } } },
          ],
        },
      },
    ],
    [
      "merge put",
      {
        metadata: {
          managedFields: [
            {
              manager: "x".repeat(130),
              operation: "Update",
              apiVersion: "v1",
              fieldsType: "FieldsV1",
              fieldsV1: { "f:data": { "f:r": {} } },
            },
          ],
        },
      },
    ],
    [
      "merge put",
      { metadata: { managedFields: [{ manager: "x", operation: "Replace", apiVersion: "v1", fieldsType: "FieldsV1", fieldsV1: {} }] } },
    ],
    ["delete"],
    ["merge put", { metadata: { finalizers: null } }],
    ["create maker", cm({ a: "1" })],
    [
      "create maker",
      {
        ...cm({ a: "1" }),
        metadata: {
          name: "a",
          managedFields: [
            { manager: "old", operation: "Update", apiVersion: "v1", fieldsType: "FieldsV1", fieldsV1: { "f:data": { "f:z": {} } } },
          ],
        },
      },
    ],
    ["delete"],
    [
      "create maker",
      {
        ...cm({ a: "1" }),
        metadata: {
          name: "a",
          managedFields: [
            { manager: "old", operation: "Update", apiVersion: "v1", fieldsType: "FieldsV1", fieldsV1: { "f:data": { "f:z": {} } } },
          ],
        },
      },
    ],
    ["merge maker", { immutable: true }],
    ["apply one", { ...cm({ a: "1" }), immutable: false }],
    ["delete"],
  ]),
};

const container = (name: string, more: object = {}): object => ({ name, image: "app:1", ...more });
const deployment = (spec: object, meta: object = {}): object => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "d", ...meta },
  spec,
});
const selector = { matchLabels: { app: "d" } };
const template = (containers: object[], more: object = {}): object => ({
  metadata: { labels: { app: "d" } },
  spec: { containers, ...more },
});
const scale = (replicas?: number, meta: object = {}): object => ({
  apiVersion: "autoscaling/v1",
  kind: "Scale",
  metadata: { name: "d", ...meta },
  spec: replicas === undefined ? {} : { replicas },
});

const deployments: Sequence = {
  title: "deployments, their scale and their status",
  steps: written(`${apps}/deployments`, `${apps}/deployments/d`, [
    ["apply one", deployment({ selector, template: template([container("a")]) })],
    ["apply one", deployment({ replicas: 3, selector, template: template([container("a", { ports: [{ containerPort: 80 }] })]) })],
    ["apply two", deployment({ template: template([container("a", { env: [{ name: "X", value: "1" }] }), container("b")]) })],
    ["apply two", deployment({ replicas: 2 })],
    ["merge cm", { spec: { replicas: 4 } }, "/scale"],
    ["update cm", scale(5), "/scale"],
    ["get", undefined, ""],
    ["apply sc", scale(5), "/scale"],
    ["apply sc", scale(6), "/scale"],
    ["apply sc?force=true", scale(6), "/scale"],
    ["get", undefined, ""],
    ["apply one", deployment({ replicas: 3, selector, template: template([container("a")]) })],
    ["apply one", deployment({ selector, template: template([container("a")]) })],
    ["apply sc", scale(), "/scale"],
    ["get", undefined, ""],
    ["apply sc?force=true", { ...scale(7), status: { replicas: 9 } }, "/scale"],
    ["get", undefined, "/scale"],
    ["merge st", { status: { replicas: 2, observedGeneration: 1 } }, "/status"],
    [
      "apply st",
      {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "d", labels: { a: "b" }, annotations: { c: "d" } },
        spec: { replicas: 1 },
        status: {
          conditions: [
            {
              type: "Available",
              status: "True",
              reason: "r",
              message: "m",
              lastTransitionTime: "2020-01-01T00:00:00Z",
              lastUpdateTime: "2020-01-01T00:00:00Z",
            },
          ],
        },
      },
      "/status",
    ],
    [
      "apply st2",
      {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "d" },
        status: { replicas: 3, conditions: [{ type: "Progressing", status: "True" }] },
      },
      "/status",
    ],
    [
      "apply st2?force=true",
      {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "d" },
        status: { replicas: 3, conditions: [{ type: "Progressing", status: "True" }] },
      },
      "/status",
    ],
    [
      "strategic upd",
      {
        spec: {
          template: {
            spec: {
              containers: [
                { name: "c", image: "c:1" },
                { name: "a", image: "app:2" },
              ],
            },
          },
        },
      },
    ],
    ["apply one", deployment({ selector, template: template([container("a")]) })],
    ["apply one?force=true", deployment({ selector, template: template([container("a")]) })],
    ["apply two", deployment({})],
    [
      "json upd",
      [
        { op: "replace", path: "/spec/template/spec/containers/0/image", value: "x:1" },
        { op: "add", path: "/metadata/labels", value: { q: "r" } },
      ],
    ],
    [
      "apply one?force=true",
      deployment({ selector, template: template([container("a", { resources: { limits: { cpu: "1000m", memory: "1Gi" } } })]) }),
    ],
    [
      "apply one?force=true",
      deployment({ selector, template: template([container("a", { resources: { limits: { cpu: 1, memory: "1024Mi" } } })]) }),
    ],
    ["apply one", deployment({ selector, template: template([container("a", { image: null })]) })],
    ["apply one", deployment({ selector, template: template([{ image: "x" }]) })],
    ["apply one", deployment({ selector, template: template([container("a"), container("a")]) })],
    ["apply one", deployment({ selector, strategy: { type: "Recreate" }, template: template([container("a")]) })],
    [
      "apply one?force=true",
      deployment({ selector, strategy: { type: "Recreate", rollingUpdate: null }, template: template([container("a")]) }),
    ],
    ["apply one", deployment({ replicas: "3", selector, template: template([container("a")]) })],
    ["apply one", deployment({ selector: { matchLabels: { other: "x" } }, template: template([container("a")]) })],
    ["delete"],
  ]),
};

const service = (spec: object, meta: object = {}): object => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "s", ...meta },
  spec,
});
const services: Sequence = {
  title: "services",
  steps: written(`${core}/services`, `${core}/services/s`, [
    ["apply one", service({ selector: { app: "s" }, clusterIP: "10.96.77.77", ports: [{ port: 80, name: "http" }] })],
    ["apply two", service({ ports: [{ port: 81, name: "other", targetPort: 8080 }] })],
    ["apply three", service({ ports: [{ port: 80, name: "renamed" }] })],
    [
      "merge lb",
      {
        spec: {
          type: "NodePort",
          ports: [
            { port: 80, name: "http", nodePort: 31777 },
            { port: 81, name: "other", nodePort: 31778 },
          ],
        },
      },
    ],
    ["apply one", service({ selector: { app: "t" }, ports: [{ port: 80, name: "http" }] })],
    ["apply two", service({ selector: { app: "t", more: "x" } })],
    [
      "apply lb",
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "s" },
        status: {
          loadBalancer: { ingress: [{ ip: "1.2.3.4" }] },
          conditions: [{ type: "Ready", status: "True", reason: "R", message: "", lastTransitionTime: "2020-01-01T00:00:00Z" }],
        },
      },
      "/status",
    ],
    ["strategic x", { spec: { ports: [{ port: 82, name: "third", nodePort: 31779 }] } }],
    ["delete"],
  ]),
};

const pod = (spec: object, meta: object = {}): object => ({ apiVersion: "v1", kind: "Pod", metadata: { name: "p", ...meta }, spec });
const pods: Sequence = {
  title: "pods and their subresources",
  steps: [
    { method: "POST", path: `${core}/serviceaccounts`, body: { metadata: { name: "default" } } },
    ...written(`${core}/pods`, `${core}/pods/p`, [
      ["apply one", pod({ containers: [container("a", { resources: { requests: { cpu: "100m" } } })] })],
      [
        "strategic lab",
        { metadata: { labels: { a: "b" }, ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "x", uid: "u" }] } },
      ],
      [
        "merge kubelet",
        {
          status: {
            phase: "Running",
            conditions: [
              { type: "Ready", status: "True" },
              { type: "Initialized", status: "True" },
            ],
            podIP: "10.0.0.1",
            podIPs: [{ ip: "10.0.0.1" }],
          },
        },
        "/status",
      ],
      ["strategic kubelet", { status: { conditions: [{ type: "Ready", status: "False" }] } }, "/status"],
      [
        "apply who",
        { apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, status: { conditions: [{ type: "example.com/Gate", status: "True" }] } },
        "/status",
      ],
      ["strategic dbg", { spec: { ephemeralContainers: [{ name: "dbg", image: "busybox" }] } }, "/ephemeralcontainers"],
      ["strategic size", { spec: { containers: [{ name: "a", resources: { requests: { cpu: "200m" } } }] } }, "/resize"],
      ["apply size", pod({ containers: [{ name: "a", resources: { requests: { cpu: "300m" } } }] }), "/resize"],
      ["apply size?force=true", pod({ containers: [{ name: "a", resources: { requests: { cpu: "300m" } } }] }), "/resize"],
      ["apply one", pod({ containers: [container("a", { image: "app:2" })] })],
      ["apply one", pod({ containers: [container("a"), container("b")] })],
      ["apply tol", pod({ tolerations: [{ key: "k", operator: "Exists" }] })],
    ]),
    {
      method: "POST",
      path: `${core}/pods/p/binding`,
      body: { metadata: { name: "p" }, target: { kind: "Node", name: "n" } },
      headers: { "user-agent": "kube-scheduler/v1" },
    },
    step("get", `${core}/pods/p`),
    step("delete", `${core}/pods/p?gracePeriodSeconds=0`),
  ],
};

const hpas1 = "/apis/autoscaling/v1/namespaces/NS/horizontalpodautoscalers";
const hpas2 = "/apis/autoscaling/v2/namespaces/NS/horizontalpodautoscalers";
const ref = { apiVersion: "apps/v1", kind: "Deployment", name: "d" };
const hpa = (version: string, spec: object): object => ({
  apiVersion: `autoscaling/${version}`,
  kind: "HorizontalPodAutoscaler",
  metadata: { name: "h" },
  spec,
});
const cpu = (averageUtilization: number): object => ({
  type: "Resource",
  resource: { name: "cpu", target: { type: "Utilization", averageUtilization } },
});
const autoscalers: Sequence = {
  title: "autoscalers in two versions",
  steps: [
    step("apply one", `${hpas1}/h`, hpa("v1", { scaleTargetRef: ref, maxReplicas: 5, targetCPUUtilizationPercentage: 50 })),
    step("get", `${hpas2}/h`),
    step("apply two", `${hpas2}/h`, hpa("v2", { metrics: [cpu(60)] })),
    step("apply two?force=true", `${hpas2}/h`, hpa("v2", { metrics: [cpu(60)] })),
    step("apply two", `${hpas2}/h`, hpa("v2", { metrics: [cpu(60)], behavior: { scaleDown: { stabilizationWindowSeconds: 10 } } })),
    step("merge upd", `${hpas1}/h`, { spec: { minReplicas: 2, maxReplicas: 6 } }),
    step("get", `${hpas2}/h`),
    step("apply one", `${hpas1}/h`, hpa("v1", { scaleTargetRef: ref, maxReplicas: 5 })),
    step("apply one?force=true", `${hpas1}/h`, hpa("v1", { scaleTargetRef: ref, maxReplicas: 5 })),
    step("apply one?force=true", `${hpas2}/h`, hpa("v2", { scaleTargetRef: ref, maxReplicas: 7 })),
    step("strategic upd", `${hpas2}/h`, { metadata: { labels: { a: "b" } }, spec: { maxReplicas: 8 } }),
    step("merge st", `${hpas1}/h/status`, { status: { currentReplicas: 2, desiredReplicas: 2, currentCPUUtilizationPercentage: 3 } }),
    step("merge st", `${hpas2}/h/status`, { status: { conditions: [{ type: "AbleToScale", status: "True" }] } }),
    step("update put", `${hpas1}/h`, { ...hpa("v1", { scaleTargetRef: ref, maxReplicas: 9 }) }),
    step("delete", `${hpas1}/h`),
  ],
};

const crd = (versions: object[], group: string, kind: string): object => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${kind.toLowerCase()}s.${group}` },
  spec: {
    group,
    scope: "Namespaced",
    names: { plural: `${kind.toLowerCase()}s`, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
    versions,
  },
});
const widgetSchema = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      properties: {
        replicas: { type: "integer" },
        mode: { type: "string", default: "fast" },
        ports: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["port", "protocol"],
          items: {
            type: "object",
            required: ["port"],
            properties: { port: { type: "integer" }, protocol: { type: "string", default: "TCP" }, name: { type: "string" } },
          },
        },
        tags: { type: "array", "x-kubernetes-list-type": "set", items: { type: "string" } },
        plain: { type: "array", items: { type: "string" } },
        whole: { type: "object", "x-kubernetes-map-type": "atomic", additionalProperties: { type: "string" } },
        any: { "x-kubernetes-preserve-unknown-fields": true, type: "object" },
        either: { "x-kubernetes-int-or-string": true },
        nul: { type: "string", nullable: true },
      },
    },
    status: {
      type: "object",
      properties: {
        replicas: { type: "integer" },
        conditions: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["type"],
          items: { type: "object", required: ["type"], properties: { type: { type: "string" }, status: { type: "string" } } },
        },
      },
    },
  },
};
const subresources = { status: {}, scale: { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" } };
const w1 = "/apis/apply.example.com/v1/namespaces/NS/widgets";
const w2 = "/apis/apply.example.com/v2/namespaces/NS/widgets";
const widget = (version: string, spec: object, more: object = {}): object => ({
  apiVersion: `apply.example.com/${version}`,
  kind: "Widget",
  metadata: { name: "w" },
  spec,
  ...more,
});
const widgets: Sequence = {
  title: "custom resources with lists, status and scale, in two versions",
  definition: crd(
    [
      { name: "v1", served: true, storage: true, schema: { openAPIV3Schema: widgetSchema }, subresources },
      { name: "v2", served: true, storage: false, schema: { openAPIV3Schema: widgetSchema }, subresources },
    ],
    "apply.example.com",
    "Widget",
  ),
  steps: [
    step(
      "apply one",
      `${w1}/w`,
      widget("v1", {
        replicas: 1,
        ports: [
          { port: 80, name: "a" },
          { port: 80, protocol: "UDP" },
        ],
        tags: ["a", "b"],
        plain: ["x"],
        whole: { a: "b" },
        any: { deep: { x: 1 }, list: [1] },
        either: 3,
      }),
    ),
    step(
      "apply two",
      `${w1}/w`,
      widget("v1", {
        ports: [
          { port: 80, protocol: "TCP" },
          { port: 81, name: "c" },
        ],
        tags: ["c"],
      }),
    ),
    step("apply two", `${w1}/w`, widget("v1", { whole: { c: "d" }, plain: ["y"], any: { list: [2] } })),
    step("apply two?force=true", `${w2}/w`, widget("v2", { whole: { c: "d" }, plain: ["y"], any: { deep: { y: 2 } } })),
    step("apply one", `${w1}/w`, widget("v1", { ports: [{ port: 80, protocol: "UDP" }], tags: ["b"], either: "x" })),
    step("merge upd", `${w2}/w`, { spec: { mode: "slow", tags: ["b", "c", "d"], replicas: 4 } }),
    step("apply one?force=true", `${w2}/w`, widget("v2", { mode: "x", nul: null })),
    step("apply one", `${w1}/w`, widget("v1", { unknown: 1 })),
    step("apply one", `${w1}/w`, widget("v1", { ports: [{ protocol: "TCP" }] })),
    step("apply one", `${w1}/w`, widget("v1", { ports: [{ port: 1 }, { port: 1, protocol: "TCP" }] })),
    step("apply one", `${w1}/w`, widget("v1", { tags: ["a", "a"] })),
    step("apply one", `${w1}/w`, widget("v1", { mode: 3 })),
    step(
      "apply st",
      `${w1}/w/status`,
      widget("v1", { replicas: 9 }, { status: { replicas: 1, conditions: [{ type: "Ready", status: "True" }] } }),
    ),
    step("merge st2", `${w2}/w/status`, {
      metadata: { labels: { no: "no" } },
      status: { conditions: [{ type: "Ready", status: "False" }] },
    }),
    step("apply st", `${w1}/w/status`, widget("v1", {}, { status: { replicas: 1, conditions: [{ type: "Ready", status: "True" }] } })),
    step("get", `${w1}/w/scale`),
    step("apply sc", `${w1}/w/scale`, { apiVersion: "autoscaling/v1", kind: "Scale", metadata: { name: "w" }, spec: { replicas: 6 } }),
    step("apply sc?force=true", `${w1}/w/scale`, {
      apiVersion: "autoscaling/v1",
      kind: "Scale",
      metadata: { name: "w" },
      spec: { replicas: 6 },
    }),
    step("merge sc2", `${w2}/w/scale`, { spec: { replicas: 7 } }),
    step("get", `${w1}/w`),
    step("merge upd", `${w1}/w`, { metadata: { managedFields: [] } }),
    step("json upd", `${w1}/w`, [{ op: "add", path: "/spec/any", value: {} }]),
    step("apply one", `${w1}/w`, widget("v1", { replicas: 2 })),
    step("apply one?force=true", `${w1}/w`, widget("v1", { replicas: 2 })),
    step("apply one?force=true", `${w1}/w`, widget("v1", {})),
    step("delete", `${w1}/w`),
    step("apply one", `${w2}/w`, widget("v2", {})),
    step("apply sc", `${w2}/w/scale`, { apiVersion: "autoscaling/v1", kind: "Scale", metadata: { name: "w" }, spec: { replicas: 6 } }),
    step("get", `${w1}/w`),
    step("delete", `${w1}/w`),
  ],
};

const blobs1 = "/apis/apply.example.com/v1/namespaces/NS/blobs";
const blob = (more: object): object => ({ apiVersion: "apply.example.com/v1", kind: "Blob", metadata: { name: "b" }, ...more });
const blobs: Sequence = {
  title: "custom resources without a schema for their parts",
  definition: crd(
    [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      },
    ],
    "apply.example.com",
    "Blob",
  ),
  steps: [
    step("apply one", `${blobs1}/b`, blob({ a: { b: 1, c: [1, 2] }, status: { x: 1 } })),
    step("apply two", `${blobs1}/b`, blob({ a: { c: [1] } })),
    step("apply two?force=true", `${blobs1}/b`, blob({ a: { c: [1], d: null, e: {} } })),
    step("merge upd", `${blobs1}/b`, { a: { b: 2, d: { e: "f" } }, "0": 1 }),
    step("apply one", `${blobs1}/b`, blob({ z: 1 })),
    step("delete", `${blobs1}/b`),
  ],
};

const refused: Sequence = {
  title: "what is refused",
  steps: [
    step("apply ", `${core}/configmaps/r`, cm({})),
    { method: "PATCH", path: `${core}/configmaps/r`, body: cm({}), headers: { "content-type": "application/apply-patch+yaml" } },
    step("apply x", `${core}/configmaps/r`, ""),
    step("apply x", `${core}/configmaps/r`, "[1]"),
    step("apply x", `${core}/configmaps/r`, "abc"),
    step("apply x", `${core}/configmaps/r`, '{"a": }'),
    step("apply x", `${core}/configmaps/r`, { apiVersion: "v1", kind: "Secret" }),
    step("apply x", `${core}/configmaps/r`, { apiVersion: "v1", kind: 3 }),
    step("apply x", `${core}/configmaps/r`, { apiVersion: "v1", kind: "ConfigMap" }),
    step("apply x", `${core}/configmaps/r`, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "b" } }),
    step("apply x", `${core}/configmaps/r`, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "r", namespace: "other" } }),
    step("apply x", `${core}/configmaps/r`, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "r", managedFields: [] } }),
    step("apply x", `${core}/configmaps/r`, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "r", uid: "u" } }),
    step("apply x", `${core}/configmaps/r`, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "r" }, data: { "bad key": "x" } }),
    step("apply x", `${core}/configmaps/r`, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "r", resourceVersion: "12" } }),
    step("apply x", `${core}/configmaps/r`, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "r", resourceVersion: "12" } }),
    step("apply x", `${core}/configmaps/r`, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "r", uid: "u" } }),
    step("apply x", `${core}/configmaps/r`, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "r" }, dota: {} }),
    step("apply x?force=maybe", `${core}/configmaps/r`, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "r" } }),
    step("apply x", `${core}/configmaps/r`, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: r\ndata:\n  x: a\n  x: b\n  u: c\n"),
    step(
      "apply x?fieldValidation=Strict",
      `${core}/configmaps/r`,
      "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: r\ndata:\n  x: a\n  x: b\n",
    ),
    step(
      "apply x?fieldValidation=Ignore",
      `${core}/configmaps/r`,
      "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: r\ndata:\n  x: a\n  x: b\n",
    ),
    step("merge x?force=true", `${core}/configmaps/r`, {}),
    step(`apply ${"m".repeat(129)}`, `${core}/configmaps/r`, {}),
    { method: "PATCH", path: `${core}/configmaps/r?fieldManager=x`, body: {}, headers: { "content-type": "application/apply-patch+cbor" } },
    { method: "PATCH", path: `${core}/configmaps/r?fieldManager=x`, body: {}, headers: { "content-type": "application/other" } },
    step("apply x", `${apps}/deployments/none/status`, { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "none" } }),
    step("apply x", `${apps}/deployments/none/scale`, { apiVersion: "autoscaling/v1", kind: "Scale", metadata: { name: "none" } }),
    step("merge x", `${apps}/deployments/none/scale`, {}),
    {
      method: "PUT",
      path: "/apis/coordination.k8s.io/v1/namespaces/NS/leases/l",
      body: { metadata: { name: "l", resourceVersion: "5" }, spec: {} },
    },
    { method: "DELETE", path: "/apis/coordination.k8s.io/v1/namespaces/NS/leases/l" },
    step("delete", `${core}/configmaps/r`),
  ],
};

const namespaces: Sequence = {
  title: "cluster resources, finalizers and approvals",
  steps: [
    step("apply one", "/api/v1/namespaces/NS-x", { apiVersion: "v1", kind: "Namespace", metadata: { name: "NS-x", labels: { a: "b" } } }),
    step("update two", "/api/v1/namespaces/NS-x/finalize", {
      metadata: { name: "NS-x", labels: { c: "d" } },
      spec: { finalizers: ["kubernetes", "example.com/x"] },
    }),
    step("merge three", "/api/v1/namespaces/NS-x/status", { status: { conditions: [{ type: "X", status: "True" }] } }),
    step("get", "/api/v1/namespaces/NS-x"),
    step("update two", "/api/v1/namespaces/NS-x/finalize", { metadata: { name: "NS-x" }, spec: {} }),
    step("delete", "/api/v1/namespaces/NS-x"),
    step("apply one", "/api/v1/nodes/NS-n", {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: "NS-n" },
      spec: { taints: [{ key: "a", effect: "NoSchedule" }] },
    }),
    step("strategic kubelet", "/api/v1/nodes/NS-n/status", {
      status: {
        capacity: { cpu: "1" },
        conditions: [{ type: "Ready", status: "True" }],
        addresses: [{ type: "InternalIP", address: "1.1.1.1" }],
      },
    }),
    step("apply two", "/api/v1/nodes/NS-n", {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: "NS-n" },
      spec: { taints: [{ key: "b", effect: "NoSchedule" }] },
    }),
    step("merge two", "/api/v1/nodes/NS-n", { spec: { unschedulable: true } }),
    step("delete", "/api/v1/nodes/NS-n"),
    step("apply agg", "/apis/rbac.authorization.k8s.io/v1/clusterroles/NS-r", {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "NS-r" },
      rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }],
    }),
    step("merge x", "/apis/rbac.authorization.k8s.io/v1/clusterroles/NS-r", { rules: null }),
    step("delete", "/apis/rbac.authorization.k8s.io/v1/clusterroles/NS-r"),
    step("apply p", "/apis/policy/v1/namespaces/NS/poddisruptionbudgets/p", {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name: "p" },
      spec: { minAvailable: 1, selector: { matchLabels: { a: "b" } } },
    }),
    step("apply p", "/apis/policy/v1/namespaces/NS/poddisruptionbudgets/p", {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name: "p" },
      spec: { minAvailable: "50%", selector: { matchLabels: { c: "b" } } },
    }),
    step("merge c", "/apis/policy/v1/namespaces/NS/poddisruptionbudgets/p/status", {
      status: { observedGeneration: 1, disruptionsAllowed: 2, currentHealthy: 3, desiredHealthy: 1, expectedPods: 3 },
    }),
    step("delete", "/apis/policy/v1/namespaces/NS/poddisruptionbudgets/p"),
    {
      method: "POST",
      path: "/apis/events.k8s.io/v1/namespaces/NS/events",
      body: {
        metadata: { name: "e" },
        eventTime: "2020-01-01T00:00:00.000000Z",
        reportingController: "c",
        reportingInstance: "i",
        action: "a",
        reason: "r",
        type: "Normal",
        regarding: { kind: "Pod", namespace: "NS", name: "p" },
      },
      headers: { "user-agent": "new/1" },
    },
    step("merge old", `${core}/events/e`, { message: "x", count: 3 }),
    step("merge new", "/apis/events.k8s.io/v1/namespaces/NS/events/e", { note: "y" }),
    step("apply old", `${core}/events/e`, { apiVersion: "v1", kind: "Event", metadata: { name: "e" }, message: "z" }),
    step("delete", `${core}/events/e`),
  ],
};

const part = (kind: string, path: string): Step => ({
  method: "GET",
  path,
  headers: { accept: `application/json;as=${kind};v=v1;g=meta.k8s.io` },
});
const parts: Sequence = {
  title: "metadata alone tells of managers too",
  steps: [
    step("apply one", `${core}/configmaps/a`, cm({ a: "1" }, { labels: { part: "yes" } })),
    part("PartialObjectMetadata", `${core}/configmaps/a`),
    part("PartialObjectMetadataList", `${core}/configmaps?labelSelector=part`),
    {
      ...step("apply one", `${core}/configmaps/a`, cm({ b: "1" }, { labels: { part: "yes" } })),
      headers: { "content-type": "application/apply-patch+yaml", accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io" },
    },
    step("delete", `${core}/configmaps/a`),
  ],
};

const clientSide = (name: string, data: object): object => {
  const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "NS", annotations: {} }, data };
  const annotations = { "kubectl.kubernetes.io/last-applied-configuration": `${JSON.stringify(object)}\n` };
  return { ...object, metadata: { ...object.metadata, annotations } };
};
const lastApplied: Sequence = {
  title: "kubectl's own applies, from the client's side to the server's",
  steps: [
    step("create kubectl-client-side-apply", `${core}/configmaps`, clientSide("k", { a: "1", b: "1" })),
    step("apply kubectl", `${core}/configmaps/k`, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "k" },
      data: { a: "2", c: "3" },
    }),
    step("merge other", `${core}/configmaps/k`, { data: { a: "3" } }),
    step("apply kubectl", `${core}/configmaps/k`, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "k" }, data: { a: "2" } }),
    step("apply kubectl?force=true", `${core}/configmaps/k`, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "k" },
      data: { a: "<2>&" },
    }),
    step("delete", `${core}/configmaps/k`),
  ],
};

const crowd: Sequence = {
  title: "more managers than are kept",
  steps: [
    step("create m0", `${core}/configmaps`, { metadata: { name: "c" }, data: { k0: "0" } }),
    ...Array.from({ length: 12 }, (_, i) => step(`merge m${i + 10}`, `${core}/configmaps/c`, { data: { [`k${i + 10}`]: "x" } })),
    step("apply one", `${core}/configmaps/c`, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "c" },
      data: { k10: "x", k11: "y" },
    }),
    step("delete", `${core}/configmaps/c`),
  ],
};

const gauge = (version: string): string => `/apis/gauges.example.com/${version}/namespaces/NS/gauges`;
const sized = (path: string): object => ({ status: {}, scale: { specReplicasPath: path, statusReplicasPath: ".status.replicas" } });
const gaugeSchema = {
  type: "object",
  properties: {
    spec: { type: "object", properties: { replicas: { type: "integer" }, size: { type: "integer" } } },
    status: { type: "object", properties: { replicas: { type: "integer" } } },
  },
};
const gaugeVersion = (name: string, storage: boolean, subresources?: object): object => ({
  name,
  served: true,
  storage,
  schema: { openAPIV3Schema: gaugeSchema },
  ...(subresources === undefined ? {} : { subresources }),
});
const gaugeScale = (replicas: number): object => ({
  apiVersion: "autoscaling/v1",
  kind: "Scale",
  metadata: { name: "g", namespace: "NS" },
  spec: { replicas },
});
const gauges: Sequence = {
  title: "versions with scales of their own, or none",
  definition: crd(
    [gaugeVersion("v1", true, sized(".spec.replicas")), gaugeVersion("v2", false, sized(".spec.size")), gaugeVersion("v3", false)],
    "gauges.example.com",
    "Gauge",
  ),
  steps: [
    step("create one", gauge("v1"), {
      apiVersion: "gauges.example.com/v1",
      kind: "Gauge",
      metadata: { name: "g" },
      spec: { replicas: 1, size: 2 },
      status: { replicas: 3 },
    }),
    step("get", `${gauge("v1")}/g/scale`),
    step("get", `${gauge("v2")}/g/scale`),
    step("get", `${gauge("v3")}/g/scale`),
    step("merge s1", `${gauge("v1")}/g/scale`, { spec: { replicas: 5 } }),
    step("merge s2", `${gauge("v2")}/g/scale`, { spec: { replicas: 6 } }),
    step("merge s3", `${gauge("v3")}/g/scale`, { spec: { replicas: 7 } }),
    step("merge st", `${gauge("v2")}/g/status`, { status: { replicas: 8 } }),
    step("merge st", `${gauge("v3")}/g/status`, { status: { replicas: 9 } }),
    step("get", `${gauge("v1")}/g`),
    step("apply a", `${gauge("v3")}/g`, {
      apiVersion: "gauges.example.com/v3",
      kind: "Gauge",
      metadata: { name: "g" },
      spec: { size: 6 },
      status: { replicas: 4 },
    }),
    step("apply a?force=true", `${gauge("v3")}/g`, {
      apiVersion: "gauges.example.com/v3",
      kind: "Gauge",
      metadata: { name: "g" },
      spec: { size: 6 },
      status: { replicas: 4 },
    }),
    step("update s2", `${gauge("v2")}/g/scale`, gaugeScale(9)),
    step("get", `${gauge("v2")}/g`),
    step("merge x", `${gauge("v1")}/g`, { spec: { replicas: null } }),
    step("get", `${gauge("v1")}/g/scale`),
    step("merge s1", `${gauge("v1")}/g/scale`, { metadata: { labels: { a: "b" } } }),
    step("update s1", `${gauge("v1")}/g/scale`, gaugeScale(3)),
    step("get", `${gauge("v1")}/g`),
    step("get", "/apis/gauges.example.com/v1"),
    step("get", "/apis/gauges.example.com/v2"),
    step("get", "/apis/gauges.example.com/v3"),
    step("delete", `${gauge("v1")}/g`),
  ],
};

const h = `${core}/configmaps/h`;
const hs = `${core}/services/h`;
const patches: Sequence = {
  title: "patches that do not fit",
  steps: [
    step("create x", `${core}/configmaps`, { metadata: { name: "h", labels: { a: "b" } }, data: { a: "b" } }),
    step("create x", `${core}/services`, { metadata: { name: "h" }, spec: { clusterIP: "10.96.77.78", ports: [{ port: 80, name: "a" }] } }),
    step("strategic x", h, { data: [1, 2], b: { c: "d", a: [1, "x", { k: null }] } }),
    step("strategic x", h, { data: { a: null, q: 3, n: null }, metadata: { labels: null, $patch: "merge" } }),
    step("strategic x", h, { metadata: { labels: { a: 1, z: null }, annotations: { x: null, y: 2 } } }),
    step("strategic x", h, { metadata: { $setElementOrder: 1 } }),
    step("strategic x", hs, { spec: { ports: [{ port: "x", name: "b", $patch: "replace" }], $setElementOrder: {} } }),
    step("strategic x", hs, { spec: { ports: [{ port: "x", name: "b" }], selector: { a: null, b: 1 } } }),
    step("strategic x", hs, { spec: { "$setElementOrder/ports": [{ port: 81 }], ports: [{ port: 81, name: 9, nodePort: null }] } }),
    step("strategic x", hs, { spec: { ports: [{ port: 80, name: 9, nodePort: null, targetPort: null }] } }),
    step("strategic x", hs, {
      spec: {
        ports: [
          { $patch: "delete", port: 80 },
          { port: 82, name: 9 },
        ],
      },
    }),
    step("strategic x", hs, { spec: { $retainKeys: ["ports"], ports: [{ port: 82, name: true }] } }),
    step("strategic x?fieldValidation=Strict", h, { data: { z: null, q: "r" }, foo: { a: null, b: [null] }, metadata: { bar: null } }),
    step("strategic x", h, '{"data":{"b":1.5}}'),
    step("strategic x", h, "null"),
    step("merge x", h, "null"),
    step("json x", h, "null"),
    step("merge x?fieldValidation=Ignore", h, "null"),
    step("strategic x?fieldValidation=Ignore", h, "[]"),
    step("merge x", h, "3"),
    step("delete", h),
    step("delete", hs),
  ],
};

const as = (type: string, body: string): Step => ({ method: "POST", path: `${core}/configmaps`, body, headers: { "content-type": type } });
const protobuf = "application/vnd.kubernetes.protobuf";
const twice = (name: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  x: a\n  x: b\n  "q": c\n  'q': d\n  x: e\n  n: 'f'\n  n: 'g'\n`;
const bodies: Sequence = {
  title: "bodies that are not what they are said to be",
  steps: [
    as(protobuf, "{}"),
    as(protobuf, ""),
    as(protobuf, "k8s\u0000zz"),
    as("application/json", "k8s\u0000zz"),
    as("application/json", ""),
    as("application/yaml", ""),
    as("application/yaml", "[]"),
    as("application/yaml", twice("twice")),
    as("application/yaml", `${twice("thrice")}foo: 1\nfoo: 2\nbar: 3\n`),
    { ...as("application/yaml", twice("strict")), path: `${core}/configmaps?fieldValidation=Strict` },
    step("apply x", `${core}/configmaps/twice`, twice("twice")),
    step("apply x?fieldValidation=Strict", `${core}/configmaps/twice`, twice("twice")),
    step("delete", `${core}/configmaps/twice`),
    step("delete", `${core}/configmaps/thrice`),
    step("get", "/api/v1/namespaces?watch=1&resourceVersion=zzz"),
    step("get", `${core}/configmaps?resourceVersion=zzz`),
    step("get", "/api/v1/watch/namespaces?resourceVersion=zzz"),
    { method: "GET", path: `${core}/configmaps`, headers: { accept: "application/xml" } },
    { method: "GET", path: `${core}/configmaps/x`, headers: { accept: "application/xml" } },
    step("create x", `${core}/configmaps`, { metadata: { name: "<x>&" } }),
    step(
      "create x",
      "/apis/apps/v1/namespaces/NS/controllerrevisions",
      '{"metadata":{"name":"r"},"revision":9007199254740993,"data":{"a":9007199254740993,"x":"<"}}',
    ),
    step("merge x", "/apis/apps/v1/namespaces/NS/controllerrevisions/r", '{"data":{"b":9007199254740995}}'),
    step("delete", "/apis/apps/v1/namespaces/NS/controllerrevisions/r"),
  ],
};

/** Values that pass the check of types of an apply, or the merge of a patch, and then do not fit Go's fields. */
const [bigHpa, bigPlan] = ["/apis/autoscaling/v2/namespaces/NS/horizontalpodautoscalers/h", "/apis/apps/v1/namespaces/NS/deployments/d"];
const port = (value: number | bigint | string): string =>
  `{"metadata":{"name":"s"},"spec":{"clusterIP":"None","ports":[{"port":80,"targetPort":${value}}]}}`;
const outlet = (value: number | bigint | string): string => `{"apiVersion":"v1","kind":"Service",${port(value).slice(1)}`;
const plan = (replicas: string, cpu = '"1"'): string =>
  `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":${replicas},"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i","resources":{"limits":{"cpu":${cpu}}}}]}}}}`;
const big: Sequence = {
  title: "values that do not fit",
  steps: [
    step("apply x", bigPlan, plan("1.5")),
    step("apply x", bigPlan, plan("2147483648")),
    step("apply x", bigPlan, plan("1", '"abc"')),
    step("apply x", bigPlan, plan("1", "true")),
    step("apply x", bigPlan, plan("9007199254740992")),
    ...["4294967297", "2147483648", "1.5", "9223372036854775808"].flatMap((replicas) => [
      step("apply x", bigPlan, plan(replicas)),
      step("strategic x", bigPlan, `{"spec":{"replicas":${replicas}}}`),
    ]),
    step("apply x", bigPlan, plan("1", '"abc"')),
    step("delete", bigPlan),
    step("apply x", `${core}/services/s`, outlet(4294967296)),
    step("apply x", `${core}/services/s`, outlet("true")),
    step("apply x", `${core}/services/s`, outlet(80)),
    step("strategic x", `${core}/services/s`, port(4294967296)),
    step("strategic x", `${core}/services/s`, port("1.5")),
    step("apply x", `${core}/services/s`, outlet("1.5")),
    step("delete", `${core}/services/s`),
    step("apply x", `${core}/secrets/s`, '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"data":{"a":"***"}}'),
    step("apply x", `${core}/secrets/s`, '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","creationTimestamp":"abc"}}'),
    step(
      "apply x",
      bigHpa,
      '{"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"h"},"spec":{"maxReplicas":1,"scaleTargetRef":{"kind":"a","name":"b","apiVersion":"c/v1"},"metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":2147483648}}}]}}',
    ),
  ],
};

export const sequences: readonly Sequence[] = [
  configMaps,
  deployments,
  services,
  pods,
  autoscalers,
  widgets,
  blobs,
  gauges,
  riches,
  refused,
  namespaces,
  parts,
  kinds,
  lastApplied,
  crowd,
  patches,
  bodies,
  big,
];
