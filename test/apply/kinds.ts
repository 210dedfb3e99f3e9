/** One apply of each of many kinds: what their lists and maps are to it. */
import { type Sequence, step } from "./sequences.ts";

export const kinds: Sequence = {
  title: "kinds of all sorts",
  steps: [
    step("apply a", "/apis/apps/v1/namespaces/NS/statefulsets/s", {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name: "s" },
      spec: {
        serviceName: "x",
        selector: { matchLabels: { a: "b" } },
        template: {
          metadata: { labels: { a: "b" } },
          spec: {
            containers: [{ name: "c", image: "x" }],
            volumes: [{ name: "v", emptyDir: {} }],
            topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "z", whenUnsatisfiable: "DoNotSchedule" }],
            tolerations: [{ key: "a" }],
            imagePullSecrets: [{ name: "q" }],
            hostAliases: [{ ip: "1.1.1.1", hostnames: ["a"] }],
          },
        },
        volumeClaimTemplates: [
          { metadata: { name: "v" }, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } } },
        ],
      },
    }),
    step("merge b", "/apis/apps/v1/namespaces/NS/statefulsets/s", {
      spec: { template: { spec: { volumes: [{ name: "w", emptyDir: {} }] } } },
    }),
    step("merge c", "/apis/apps/v1/namespaces/NS/statefulsets/s/scale", { spec: { replicas: 3 } }),
    step("apply a", "/apis/batch/v1/namespaces/NS/cronjobs/c", {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name: "c" },
      spec: {
        schedule: "* * * * *",
        jobTemplate: { spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "x" }] } } } },
      },
    }),
    step("apply a", "/apis/batch/v1/namespaces/NS/jobs/j", {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "j" },
      spec: {
        suspend: true,
        template: {
          spec: {
            restartPolicy: "Never",
            containers: [{ name: "c", image: "x", env: [{ name: "X", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }] }],
          },
        },
      },
    }),
    step("apply a", "/apis/networking.k8s.io/v1/namespaces/NS/ingresses/i", {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { name: "i" },
      spec: {
        rules: [
          { host: "a", http: { paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "s", port: { number: 80 } } } }] } },
        ],
        tls: [{ hosts: ["a"] }],
      },
    }),
    step("apply b", "/apis/networking.k8s.io/v1/namespaces/NS/ingresses/i", {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { name: "i" },
      spec: { rules: [{ host: "b" }] },
    }),
    step("apply a", "/apis/networking.k8s.io/v1/namespaces/NS/networkpolicies/i", {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "i" },
      spec: { podSelector: { matchLabels: { a: "b" } }, ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 80 }] }] },
    }),
    step("apply a", "/api/v1/namespaces/NS/persistentvolumeclaims/i", {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "i" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, selector: { matchLabels: { a: "b" } } },
    }),
    step("apply a", "/api/v1/namespaces/NS/secrets/i", {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "i" },
      stringData: { a: "b" },
      data: { c: "MQ==" },
    }),
    step("apply a", "/api/v1/namespaces/NS/secrets/i", {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "i" },
      stringData: { a: "c" },
    }),
    step("apply a", "/api/v1/namespaces/NS/serviceaccounts/i", {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "i" },
      secrets: [{ name: "x" }],
      imagePullSecrets: [{ name: "y" }],
    }),
    step("apply a", "/apis/discovery.k8s.io/v1/namespaces/NS/endpointslices/i", {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: "i" },
      addressType: "IPv4",
      endpoints: [{ addresses: ["1.1.1.1"], conditions: { ready: true } }],
      ports: [{ name: "a", port: 80 }],
    }),
    step("apply a", "/api/v1/namespaces/NS/endpoints/i", {
      apiVersion: "v1",
      kind: "Endpoints",
      metadata: { name: "i" },
      subsets: [{ addresses: [{ ip: "1.1.1.1" }], ports: [{ port: 80 }] }],
    }),
    step("apply a", "/apis/rbac.authorization.k8s.io/v1/namespaces/NS/roles/i", {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: { name: "i" },
      rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }],
    }),
    step("apply a", "/api/v1/namespaces/NS/resourcequotas/i", {
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "i" },
      spec: { hard: { pods: "1" } },
    }),
    step("apply a", "/api/v1/namespaces/NS/limitranges/i", {
      apiVersion: "v1",
      kind: "LimitRange",
      metadata: { name: "i" },
      spec: { limits: [{ type: "Container", default: { cpu: "1" } }] },
    }),
    step("apply a", "/apis/coordination.k8s.io/v1/namespaces/NS/leases/i", {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name: "i" },
      spec: { holderIdentity: "x", renewTime: "2020-01-01T00:00:00.000000Z" },
    }),
    step("apply a", "/api/v1/namespaces/NS/replicationcontrollers/i", {
      apiVersion: "v1",
      kind: "ReplicationController",
      metadata: { name: "i" },
      spec: {
        replicas: 0,
        selector: { a: "b" },
        template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "x" }] } },
      },
    }),
    step("apply c", "/api/v1/namespaces/NS/replicationcontrollers/i/scale", {
      apiVersion: "autoscaling/v1",
      kind: "Scale",
      metadata: { name: "i" },
      spec: { replicas: 2 },
    }),
    step("apply c?force=true", "/api/v1/namespaces/NS/replicationcontrollers/i/scale", {
      apiVersion: "autoscaling/v1",
      kind: "Scale",
      metadata: { name: "i" },
      spec: { replicas: 2 },
    }),
    step("get", "/api/v1/namespaces/NS/replicationcontrollers/i"),
    step("apply a", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/qs.many.example.com", {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "qs.many.example.com" },
      spec: {
        group: "many.example.com",
        scope: "Namespaced",
        names: { plural: "qs", kind: "Q" },
        versions: [
          {
            name: "v1",
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties: { a: { type: "string" } } } } },
            },
          },
        ],
      },
    }),
    step("apply a", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/NS-w", {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingWebhookConfiguration",
      metadata: { name: "NS-w" },
      webhooks: [
        {
          name: "a.b.c",
          sideEffects: "None",
          admissionReviewVersions: ["v1"],
          failurePolicy: "Ignore",
          clientConfig: { url: "https://127.0.0.1:1/x" },
          rules: [],
        },
      ],
    }),
    step("apply a", "/api/v1/namespaces/NS/podtemplates/i", {
      apiVersion: "v1",
      kind: "PodTemplate",
      metadata: { name: "i" },
      template: {
        spec: {
          containers: [
            {
              name: "c",
              image: "x",
              securityContext: { capabilities: { add: ["A"] } },
              volumeMounts: [{ name: "q", mountPath: "/x" }],
              volumeDevices: [],
            },
          ],
        },
      },
    }),
    step("delete", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/qs.many.example.com"),
    step("delete", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/NS-w"),
  ],
};
