/** Pods with real containers, on a node of their own, against a control plane in this process. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import type { ClientConfig } from "../../src/client/config.ts";
import { execInPod, forwardToPod } from "../../src/client/streaming/pod-streams.ts";
import { exitCodeOf } from "../../src/client/streaming/session.ts";
import { kubeletClientName, type ClusterPki } from "../../src/cluster/pki.ts";
import type { ControlPlane } from "../../src/cluster/control-plane.ts";
import { ImageStore } from "../../src/node/images/image-store.ts";
import type { NodeAgentOptions } from "../../src/node/index.ts";
import { configmaps, events, namespaces, nodes, pods, type Container, type Pod, type PodSpec } from "../../src/schema/types/core-v1.ts";
import { memoryControlPlane } from "../control-plane/memory-control-plane.ts";
import { busybox, cannotRunContainers, NodeMachine } from "./node-machine.ts";

const image = "test.local/busybox:1";
const namespace = "default";
/** Runs until it is told to end, and then ends at once: process 1 ignores signals that it does not handle. */
const idle = ["sh", "-c", "trap 'exit 0' TERM; echo begun; sleep 1000 & wait"];

/** The runtimes to test with: Debian's, and others that `TSUKUBE_TEST_CONTAINERD` names (separated by colons). */
const runtimes = ["/usr/bin/containerd", ...(process.env["TSUKUBE_TEST_CONTAINERD"] ?? "").split(":").filter((p) => p !== "")];

for (const [index, containerd] of runtimes.entries()) {
  const subnet = 1 + ((process.pid + index) % 250);
  describe(`a node with ${containerd}`, { skip: cannotRunContainers(containerd) }, () => {
    let machine: NodeMachine;
    let plane: ControlPlane;
    let pki: ClusterPki;
    let admin: ClientConfig;
    let options: NodeAgentOptions;

    before(async () => {
      machine = new NodeMachine(subnet);
      await machine.start();
      ({ plane, pki } = await memoryControlPlane({
        name: "test",
        dataDir: join(machine.directory, "plane"),
        podCidr: `10.214.${subnet}.0/24`,
        nodeCidr: `10.213.${subnet}.0/24`,
      }));
      const server = await plane.listenOn(machine.hostAddress);
      admin = {
        server: plane.url,
        certificateAuthority: pki.ca.certificate,
        clientCertificate: pki.admin.certificate,
        clientKey: pki.admin.key,
      };
      const { client, serving } = pki.node("node-1", machine.address);
      new ImageStore(join(machine.directory, "images")).build({
        name: image,
        architecture: process.arch === "arm64" ? "arm64" : "amd64",
        files: [
          { path: "bin/busybox", type: "file", mode: 0o755, content: busybox() },
          ...["sh", "cat", "ls", "id", "sleep", "echo", "stat", "hostname", "nc", "httpd", "true", "false", "mount", "touch"].map(
            (name) => ({
              path: `bin/${name}`,
              type: "symlink" as const,
              target: "busybox",
            }),
          ),
          { path: "tmp", type: "directory", mode: 0o1777 },
        ],
        config: { Env: ["PATH=/bin"], Cmd: ["sh"] },
      });
      options = {
        nodeName: "node-1",
        nodeIPs: [machine.address],
        apiServer: { server, certificateAuthority: pki.ca.certificate, clientCertificate: client.certificate, clientKey: client.key },
        dataDir: join(machine.directory, "node"),
        imageStore: join(machine.directory, "images"),
        runtime: { containerd },
        cniBinDir: "/usr/lib/cni",
        cniConfDir: join(machine.directory, "cni", "net.d"),
        cgroupParent: machine.cgroup,
        clusterDns: ["10.96.0.10"],
        tls: { cert: serving.certificate, key: serving.key, clientCA: pki.ca.certificate },
        trustedUsers: [kubeletClientName],
      };
      await machine.startAgent(options);
      await plane.nodesReady(1, new Set(), AbortSignal.timeout(60_000), () => undefined);
      await until("the default service account's token can be mounted", async () => {
        const ns = await plane.client.resource(namespaces).get(namespace);
        return (
          ns.status?.phase === "Active" &&
          (await plane.client.resource(configmaps, namespace).list()).items.some((c) => c.metadata?.name === "kube-root-ca.crt")
        );
      });
    });

    after(async () => {
      await plane?.stop();
      await machine?.stop();
    });

    async function until(what: string, holds: () => Promise<boolean> | boolean, seconds = 60): Promise<void> {
      const end = performance.now() + seconds * 1000;
      while (!(await holds())) {
        if (performance.now() > end) assert.fail(`waited in vain until ${what}`);
        await new Promise((done) => setTimeout(done, 50));
      }
    }

    const get = (name: string): Promise<Pod> => plane.client.resource(pods, namespace).get(name);

    async function run(name: string, container: Partial<Container>, spec: Partial<PodSpec> = {}): Promise<void> {
      await plane.client.resource(pods, namespace).create({
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name, namespace, labels: { app: name } },
        spec: { nodeName: "node-1", terminationGracePeriodSeconds: 1, containers: [{ name: "main", image, ...container }], ...spec },
      });
    }

    async function whenPhase(name: string, ...phases: string[]): Promise<Pod> {
      let pod: Pod | undefined;
      await until(`${name} is ${phases.join(" or ")}`, async () => {
        pod = await get(name);
        return phases.includes(pod.status?.phase ?? "");
      }).catch((error: unknown) => {
        throw new Error(`${(error as Error).message}; its status: ${JSON.stringify(pod?.status)}`, { cause: error });
      });
      return pod as Pod;
    }

    async function remove(name: string): Promise<void> {
      await plane.client.resource(pods, namespace).delete(name);
      await until(
        `${name} is gone`,
        async () => !(await plane.client.resource(pods, namespace).list()).items.some((p) => p.metadata?.name === name),
      );
    }

    async function logs(name: string, query = ""): Promise<string> {
      return (await plane.client.raw("GET", `/api/v1/namespaces/${namespace}/pods/${name}/log${query}`)).text();
    }

    async function exec(
      name: string,
      command: string[],
      stdin?: string,
    ): Promise<{ stdout: string; stderr: string; code: number | undefined }> {
      const session = await execInPod(
        admin,
        { namespace, pod: name, command },
        { stdin: stdin !== undefined, stdout: true, stderr: true, tty: false },
      );
      if (stdin !== undefined) session.stdin?.end(stdin);
      const [stdout, stderr, status] = await Promise.all([
        session.stdout === undefined ? "" : text(session.stdout),
        session.stderr === undefined ? "" : text(session.stderr),
        session.status,
      ]);
      return { stdout, stderr, code: exitCodeOf(status) };
    }

    it("registers itself as ready, with what it has", async () => {
      const node = await plane.client.resource(nodes).get("node-1");
      assert.equal(node.status?.conditions?.find((c) => c.type === "Ready")?.reason, "KubeletReady");
      assert.match(node.status?.nodeInfo?.containerRuntimeVersion ?? "", /^containerd:\/\//);
      assert.equal(node.metadata?.labels?.["kubernetes.io/os"], "linux");
    });

    it("runs a pod to its end, with environment, volumes and its last words", async () => {
      await plane.client
        .resource(configmaps, namespace)
        .create({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "cfg", namespace }, data: { key: "from-config" } });
      const script = `echo "$KEY $POD $(cat /cfg/key) $(cat /labels)"; ls /var/run/secrets/kubernetes.io/serviceaccount; cat /etc/hosts | tail -1; stat -c %a /mem; touch /mem/x; echo words > /dev/termination-log`;
      await run(
        "ends",
        {
          command: ["sh", "-c", script],
          env: [
            { name: "KEY", valueFrom: { configMapKeyRef: { name: "cfg", key: "key" } } },
            { name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
          ],
          volumeMounts: [
            { name: "cfg", mountPath: "/cfg" },
            { name: "mem", mountPath: "/mem" },
            { name: "labels", mountPath: "/labels", subPath: "labels" },
          ],
        },
        {
          restartPolicy: "Never",
          volumes: [
            { name: "cfg", configMap: { name: "cfg" } },
            { name: "mem", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
            { name: "labels", downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] } },
          ],
        },
      );
      const pod = await whenPhase("ends", "Succeeded", "Failed");
      const ended = pod.status?.containerStatuses?.[0]?.state?.terminated;
      assert.deepEqual([pod.status?.phase, ended?.exitCode, ended?.reason, ended?.message], ["Succeeded", 0, "Completed", "words\n"]);
      const out = await logs("ends");
      assert.match(out, /^from-config ends from-config app="ends"\nca\.crt\nnamespace\ntoken\n10\.214\.\d+\.\d+\tends\n1777\n$/);
      assert.equal(await logs("ends", "?tailLines=1"), "1777\n");
      const told = (await plane.client.resource(events, namespace).list({ fieldSelector: "involvedObject.name=ends" })).items;
      assert.deepEqual(
        told.map((e) => [e.reason, e.message]).sort(([a = ""], [b = ""]) => (a < b ? -1 : 1)),
        [
          ["Created", "Container created"],
          ["Pulled", `Container image "${image}" already present on machine and can be accessed by the pod`],
          ["Started", "Container started"],
        ],
      );
      await remove("ends");
    });

    it("takes commands, with input and exit status, and forwards ports", async () => {
      await run("serves", {
        command: ["sh", "-c", "echo hello > /tmp/index.html; httpd -f -p 8080 -h /tmp & trap 'exit 0' TERM; wait"],
        readinessProbe: { httpGet: { path: "/", port: 8080 }, periodSeconds: 1 },
      });
      await until(
        "it is ready",
        async () => (await get("serves")).status?.conditions?.some((c) => c.type === "Ready" && c.status === "True") === true,
      );
      assert.deepEqual(await exec("serves", ["sh", "-c", "cat; echo oops >&2; exit 3"], "typed"), {
        stdout: "typed",
        stderr: "oops\n",
        code: 3,
      });
      assert.equal((await exec("serves", ["hostname"])).stdout, "serves\n");
      const long = "a".repeat(20_000);
      assert.equal((await exec("serves", ["echo", long])).stdout, `${long}\n`);
      const forward = await forwardToPod(admin, { namespace, pod: "serves" });
      try {
        const connection = forward.connect(8080);
        connection.end("GET / HTTP/1.0\r\n\r\n");
        assert.match(await text(connection), /200 OK[^]*hello\n$/);
      } finally {
        forward.close();
      }
      await remove("serves");
    });

    it("runs init containers in order, sidecars beside, and ends the sidecars last", async () => {
      const side = `trap 'echo side-ends >> /shared/order; exit 0' TERM; echo side >> /shared/order; while true; do sleep 0.05; done`;
      const mounts = [{ name: "shared", mountPath: "/shared" }];
      await run(
        "ordered",
        { command: ["sh", "-c", "echo main >> /shared/order; cat /shared/order"], volumeMounts: mounts },
        {
          restartPolicy: "Never",
          volumes: [{ name: "shared", emptyDir: {} }],
          initContainers: [
            { name: "first", image, command: ["sh", "-c", "echo first >> /shared/order"], volumeMounts: mounts },
            { name: "side", image, restartPolicy: "Always", command: ["sh", "-c", side], volumeMounts: mounts },
            { name: "second", image, command: ["sh", "-c", "sleep 0.2; echo second >> /shared/order"], volumeMounts: mounts },
          ],
        },
      );
      const pod = await whenPhase("ordered", "Succeeded", "Failed");
      assert.equal(pod.status?.phase, "Succeeded");
      assert.equal(await logs("ordered", "?container=main"), "first\nside\nsecond\nmain\n");
      assert.equal(pod.status?.initContainerStatuses?.[1]?.state?.terminated?.exitCode, 0);
      await remove("ordered");
    });

    it("restarts what fails, at first at once, then with back-off, and keeps the log of before", async () => {
      await run("fails", { command: ["sh", "-c", "echo try; exit 7"], terminationMessagePolicy: "FallbackToLogsOnError" });
      await until(
        "it is backing off",
        async () => (await get("fails")).status?.containerStatuses?.[0]?.state?.waiting?.reason === "CrashLoopBackOff",
      );
      const pod = await get("fails");
      const [status] = pod.status?.containerStatuses ?? [];
      assert.equal(status?.restartCount, 1);
      assert.deepEqual([status?.lastState?.terminated?.exitCode, status?.lastState?.terminated?.message], [7, "try\n"]);
      assert.equal(
        status?.state?.waiting?.message,
        `back-off 10s restarting failed container=main pod=fails_default(${pod.metadata?.uid})`,
      );
      assert.equal(pod.status?.phase, "Running");
      assert.equal(await logs("fails", "?previous=true"), "try\n");
      await remove("fails");
    });

    it("says why a container cannot be started", async () => {
      const reason = async (name: string): Promise<string | undefined> =>
        (await get(name)).status?.containerStatuses?.[0]?.state?.waiting?.reason;
      await run("root", { command: ["true"], securityContext: { runAsNonRoot: true } });
      await run("absent", { image: "test.local/none:1", imagePullPolicy: "Never" });
      await run("badly-named", { image: "Test/UPPER:1" });
      await run("no-command", { command: ["/does/not/exist"] }, { restartPolicy: "Never" });
      await until("the image's user is refused", async () => (await reason("root")) === "CreateContainerConfigError");
      await until("the image is missed", async () => (await reason("absent")) === "ErrImageNeverPull");
      await until("the name is refused", async () => (await reason("badly-named")) === "InvalidImageName");
      const failed = await whenPhase("no-command", "Failed");
      assert.equal(failed.status?.containerStatuses?.[0]?.state?.terminated?.exitCode, 128);
      await Promise.all(["root", "absent", "badly-named", "no-command"].map(remove));
    });

    it("refuses a pod that asks for more than it has", async () => {
      await run("large", { command: idle, resources: { requests: { cpu: "1000" } } });
      const { status } = await whenPhase("large", "Failed");
      assert.equal(status?.reason, "OutOfcpu");
      assert.equal(status?.observedGeneration, 1);
      assert.match(
        status?.message ?? "",
        /^Pod was rejected: Node didn't have enough resource: cpu, requested: 1000000, used: \d+, capacity: \d+$/,
      );
      await remove("large");
    });

    it("resizes a pod in place, at once or when there is room", async () => {
      const resize = (cpu: string): Promise<Pod> =>
        plane.client
          .resource(pods, namespace)
          .patch(
            "grows",
            "strategic",
            { spec: { containers: [{ name: "main", resources: { requests: { cpu } } }] } },
            { subresource: "resize" },
          );
      await run("grows", { command: idle, resources: { requests: { cpu: "10m" } } });
      const before = (await whenPhase("grows", "Running")).status?.containerStatuses?.[0];
      await resize("20m");
      await until("it has more", async () => (await get("grows")).status?.containerStatuses?.[0]?.resources?.requests?.["cpu"] === "20m");
      const after = (await get("grows")).status?.containerStatuses?.[0];
      assert.deepEqual([after?.containerID, after?.restartCount, after?.allocatedResources], [before?.containerID, 0, { cpu: "20m" }]);
      const all = (await plane.client.resource(nodes).get("node-1")).status?.allocatable?.["cpu"] ?? "";
      await run("neighbour", { command: idle, resources: { requests: { cpu: "10m" } } });
      await whenPhase("neighbour", "Running");
      await resize(all);
      const pending = async () => (await get("grows")).status?.conditions?.find((c) => c.type === "PodResizePending");
      await until("the node says that it must wait", async () => (await pending())?.reason === "Deferred");
      await remove("neighbour");
      await until(
        "it has what has become free",
        async () => (await get("grows")).status?.containerStatuses?.[0]?.resources?.requests?.["cpu"] === all,
      );
      assert.equal(await pending(), undefined);
      await remove("grows");
    });

    it("brings volumes up to date while the pod runs", async () => {
      const resource = plane.client.resource(configmaps, namespace);
      await resource.create({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "live", namespace }, data: { a: "1" } });
      await run(
        "watches",
        { command: idle, volumeMounts: [{ name: "v", mountPath: "/v" }] },
        { volumes: [{ name: "v", configMap: { name: "live" } }] },
      );
      await whenPhase("watches", "Running");
      await resource.patch("live", "merge", { data: { a: "2" } });
      await until("the new value is there", async () => (await exec("watches", ["cat", "/v/a"])).stdout === "2");
      await remove("watches");
    });

    it("waits for a config map that comes later", async () => {
      await run(
        "early",
        { command: ["cat", "/v/a"], volumeMounts: [{ name: "v", mountPath: "/v" }] },
        { restartPolicy: "Never", volumes: [{ name: "v", configMap: { name: "late" } }] },
      );
      const told = async (): Promise<string[]> =>
        (await plane.client.resource(events, namespace).list({ fieldSelector: "involvedObject.name=early" })).items.map(
          (e) => e.message ?? "",
        );
      await until("the miss is told", async () =>
        (await told()).includes('MountVolume.SetUp failed for volume "v" : configmap "late" not found'),
      );
      await plane.client
        .resource(configmaps, namespace)
        .create({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "late", namespace }, data: { a: "x" } });
      await whenPhase("early", "Succeeded");
      await remove("early");
    });

    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      it(`finds its containers again after ${signal}`, async () => {
        await run("stays", { command: idle });
        const before = (await whenPhase("stays", "Running")).status?.containerStatuses?.[0];
        await run("goes", { command: idle });
        await whenPhase("goes", "Running");
        await machine.stopAgent(signal);
        await plane.client.resource(pods, namespace).delete("goes", { gracePeriodSeconds: 0 });
        await machine.startAgent(options);
        await until(
          "the node tells of itself again",
          async () => (await exec("stays", ["echo", "here"]).catch(() => undefined))?.stdout === "here\n",
        );
        const now = (await get("stays")).status?.containerStatuses?.[0];
        assert.deepEqual([now?.containerID, now?.restartCount, now?.ready], [before?.containerID, 0, true]);
        await until(
          "what was deleted meanwhile is ended",
          () =>
            !machine.inside(["ps", "-e", "-o", "args"]).includes("goes") &&
            machine
              .inside(["sh", "-c", `ls ${options.dataDir}/kubelet/pods`])
              .trim()
              .split("\n").length === 1,
        );
        await remove("stays");
      });
    }

    it("starts its containerd again when that is killed, and the pods never notice", async () => {
      await run("steady", { command: idle });
      const before = (await whenPhase("steady", "Running")).status?.containerStatuses?.[0];
      const pid = machine.inside(["cat", join(options.dataDir, "containerd", "containerd.pid")]);
      machine.inside(["kill", "-9", pid]);
      await until(
        "commands are taken again",
        async () => (await exec("steady", ["echo", "here"]).catch(() => undefined))?.stdout === "here\n",
      );
      assert.equal((await get("steady")).status?.containerStatuses?.[0]?.containerID, before?.containerID);
      await remove("steady");
    });

    it("leaves nothing of a pod that is gone", async () => {
      const groups = `/sys/fs/cgroup/memory${machine.cgroup}/kubepods/besteffort`;
      const left = (): string => {
        const directories = ["kubelet/pods", "kubelet/memory", "log/pods", "log/containers"].map((name) => join(options.dataDir, name));
        return machine.inside([
          "sh",
          "-c",
          `cd / && ls -d ${directories.map((d) => `${d}/*`).join(" ")} ${groups}/pod* 2>/dev/null || true`,
        ]);
      };
      // The API forgets a pod as soon as its containers have ended; the rest follows.
      await until("everything is cleared away", () => left() === "", 10).catch(() => assert.equal(left(), ""));
    });
  });
}
