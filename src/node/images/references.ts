/** Image names as container runtimes read them (`distribution/reference`): `busybox` is `docker.io/library/busybox:latest`. */
export interface ImageReference {
  /** `docker.io`, `registry.k8s.io`, `localhost:5000`. */
  registry: string;
  /** `library/busybox`. */
  repository: string;
  tag: string | undefined;
  /** `sha256:…` */
  digest: string | undefined;
}

const component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const repositoryPattern = new RegExp(`^${component}(?:/${component})*$`);
const domainPattern =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?$/;
const tagPattern = /^[\w][\w.-]{0,127}$/;
const digestPattern = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;

/** Throws an Error with the runtime's words (`invalid reference format`) for what is no name. */
export function parseReference(name: string): ImageReference {
  const at = name.indexOf("@");
  const digest = at < 0 ? undefined : name.slice(at + 1);
  let rest = at < 0 ? name : name.slice(0, at);
  let tag: string | undefined;
  const colon = rest.lastIndexOf(":");
  if (colon > rest.lastIndexOf("/")) {
    tag = rest.slice(colon + 1);
    rest = rest.slice(0, colon);
  }
  const slash = rest.indexOf("/");
  const first = slash < 0 ? "" : rest.slice(0, slash);
  const hasDomain = slash >= 0 && (/[.:]/.test(first) || first === "localhost" || first.toLowerCase() !== first);
  let registry = hasDomain ? first : "docker.io";
  let repository = hasDomain ? rest.slice(slash + 1) : rest;
  if (registry === "index.docker.io") registry = "docker.io";
  if (registry === "docker.io" && !repository.includes("/")) repository = `library/${repository}`;
  if (
    !domainPattern.test(registry) ||
    (tag !== undefined && !tagPattern.test(tag)) ||
    (digest !== undefined && !digestPattern.test(digest))
  ) {
    throw new Error("invalid reference format");
  }
  if (repository.toLowerCase() !== repository && repositoryPattern.test(repository.toLowerCase())) {
    throw new Error("invalid reference format: repository name (" + repository + ") must be lowercase");
  }
  if (!repositoryPattern.test(repository)) throw new Error("invalid reference format");
  return { registry, repository, tag: tag ?? (digest === undefined ? "latest" : undefined), digest };
}

/** The full name that a runtime files an image under. */
export function canonicalName(name: string): string {
  const { registry, repository, tag, digest } = parseReference(name);
  return `${registry}/${repository}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

/** As the kubelet completes what a pod asks for: only the missing tag is added, the name is left as it is written. */
export function withDefaultTag(name: string): string {
  const { tag, digest } = parseReference(name);
  return digest === undefined && tag === "latest" && !name.endsWith(":latest") ? `${name}:latest` : name;
}
