// The policy of the Docker proxy. Allows by naming what is known: a field, a value or a container that
// this file does not know is refused, so that a newer daemon opens nothing.
//
// A container may be made from the trainer image, without mounts of the host, on the network of this
// stack's trainings (TRAINING_NETWORK), with a read-only root and no capabilities. Only containers with
// Millrace's label on that network may be looked into, followed, stopped and removed.

const LABEL = "millrace.key";

const IMAGE = /^millrace-trainer:[A-Za-z0-9][A-Za-z0-9._-]*$/;
const LABELS = /^(millrace|airflow|org\.millrace)\.[a-z0-9._-]{1,60}$/;
const REQUIRED = ["CapDrop", "NetworkMode", "ReadonlyRootfs", "SecurityOpt"];

const free = () => true;
const nothing = (value) =>
  value === null || value === false || value === 0 || value === "" || isEmpty(value);
const one = (...values) => (value) => nothing(value) || values.includes(value);
const all = (...values) => (value) =>
  nothing(value) || (Array.isArray(value) && value.every((item) => values.includes(item)));
const like = (pattern) => (value) => typeof value === "string" && pattern.test(value);
const some = (...values) => (value) =>
  Array.isArray(value) && value.length > 0 && value.every((item) => values.includes(item));

const HOST = {
  AutoRemove: free, ConsoleSize: free, CpuPeriod: free, CpuQuota: free, CpuShares: free,
  CpusetCpus: free, CpusetMems: free, DeviceRequests: gpus, Init: free, LogConfig: logs,
  Memory: free, MemoryReservation: free, MemorySwap: free, MemorySwappiness: free, NanoCpus: free,
  NanoCPUs: free, OomKillDisable: nothing, OomScoreAdj: nothing, PidsLimit: free,
  ReadonlyRootfs: (value) => value === true, ShmSize: free, StorageOpt: nothing, Tmpfs: free, Ulimits: free,
  CapDrop: some("ALL"), CgroupnsMode: one("private"), IpcMode: one("private", "none"),
  NetworkMode: own, RestartPolicy: restart,
  SecurityOpt: some("no-new-privileges", "no-new-privileges:true", "no-new-privileges=true"),
  Mounts: temporary, MaskedPaths: untouched, ReadonlyPaths: untouched,
  Binds: nothing, BlkioDeviceReadBps: nothing, BlkioDeviceReadIOps: nothing,
  BlkioDeviceWriteBps: nothing, BlkioDeviceWriteIOps: nothing, BlkioWeight: nothing,
  BlkioWeightDevice: nothing, CapAdd: nothing, Cgroup: nothing, CgroupParent: nothing,
  ContainerIDFile: nothing, CpuCount: nothing, CpuPercent: nothing, CpuRealtimePeriod: nothing,
  CpuRealtimeRuntime: nothing, DeviceCgroupRules: nothing, Devices: nothing, Dns: nothing,
  DnsOptions: nothing, DnsSearch: nothing, ExtraHosts: nothing, GroupAdd: nothing,
  IOMaximumBandwidth: nothing, IOMaximumIOps: nothing, Isolation: nothing, KernelMemory: nothing,
  KernelMemoryTCP: nothing, Links: nothing, PidMode: nothing, PortBindings: nothing,
  Privileged: nothing, PublishAllPorts: nothing, Runtime: nothing, Sysctls: nothing,
  UTSMode: nothing, UsernsMode: nothing, VolumeDriver: nothing, VolumesFrom: nothing,
};

const TOP = {
  ArgsEscaped: free, AttachStderr: free, AttachStdin: free, AttachStdout: free, Cmd: free,
  Domainname: free, Entrypoint: free, Env: free, Healthcheck: free, Hostname: free, Labels: labelled,
  NetworkDisabled: free, OpenStdin: free, StdinOnce: free, StopSignal: free, StopTimeout: free,
  Tty: free, User: free, WorkingDir: free,
  ExposedPorts: nothing, MacAddress: nothing, OnBuild: nothing, Runtime: nothing, Shell: nothing,
  Volumes: (value) => nothing(value) || !unknown(value, {"/scratch": isEmpty}),
  Image: like(IMAGE), HostConfig: (value) => nothing(value) || !unknown(value, HOST),
  NetworkingConfig: networks,
};

function isEmpty(value) {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// The first field that is not allowed; the daemon ignores the case of names, so names must be exact.
function unknown(object, rules) {
  if (!isObject(object)) {
    return "the body";
  }
  return Object.keys(object).find((name) => {
    const rule = Object.prototype.hasOwnProperty.call(rules, name) ? rules[name] : undefined;
    return rule === undefined || !rule(object[name]);
  });
}

// An empty list would show what Docker hides of the host's kernel; only no list leaves its own.
function untouched(value) {
  return value === null;
}

function own(network) {
  return Boolean(process.env.TRAINING_NETWORK) && network === process.env.TRAINING_NETWORK;
}

// Other programs act on labels of theirs: Compose, for one, removes what carries its own.
function labelled(value) {
  return isObject(value) && Boolean(value[LABEL])
    && Object.keys(value).every((name) => LABELS.test(name) && typeof value[name] === "string");
}

function restart(value) {
  return nothing(value) || !unknown(value, {Name: one("no"), MaximumRetryCount: nothing});
}

function logs(value) {
  return nothing(value) || !unknown(value, {Type: one("json-file", "local"), Config: free});
}

function gpus(value) {
  const rules = {
    Driver: one("nvidia"), Count: free, DeviceIDs: free, Options: nothing,
    Capabilities: (lists) => lists.every(all("gpu", "nvidia", "compute", "utility")),
  };
  return nothing(value) || (Array.isArray(value) && value.every((item) => !unknown(item, rules)));
}

function temporary(value) {
  const rules = {
    Type: (kind) => kind === "tmpfs", Target: free, ReadOnly: free, TmpfsOptions: free,
    Source: nothing, Consistency: nothing,
  };
  return nothing(value) || (Array.isArray(value) && value.every((item) => !unknown(item, rules)));
}

function networks(value) {
  if (nothing(value)) {
    return true;
  }
  if (unknown(value, {EndpointsConfig: isObject})) {
    return false;
  }
  const names = Object.keys(value.EndpointsConfig || {});
  return names.every((name) => own(name) && nothing(value.EndpointsConfig[name]));
}

function refuse(r, status, message) {
  r.headersOut["Content-Type"] = "application/json";
  r.return(status, JSON.stringify({message: `The Docker proxy of the stack refuses: ${message}`}));
}

// What is wrong with a request for a container; undefined where nothing is.
function wrong(body) {
  const field = unknown(body, TOP);
  if (field !== undefined) {
    const inner = field === "HostConfig" ? `.${String(unknown(body.HostConfig, HOST)).slice(0, 40)}` : "";
    return `${field.slice(0, 40)}${inner} has a value that is not allowed`;
  }
  const host = body.HostConfig;
  return isObject(body.Labels) && body.Image && isObject(host)
    && REQUIRED.every((name) => host[name] !== undefined)
    ? undefined
    : `Labels, Image and HostConfig with ${REQUIRED.join(", ")} are required`;
}

function parsed(text) {
  try {
    return JSON.parse(text || "");
  } catch (error) {
    return null;
  }
}

// What stands before, in and behind the name of the container that a request is about.
function split(uri) {
  const start = uri.indexOf("/containers/") + "/containers/".length;
  const name = uri.slice(start).split(/[/?]/)[0];
  return {before: uri.slice(0, start), name, behind: uri.slice(start + name.length)};
}

// What the daemon knows of a container: its status, and its id where it is one of this stack's.
async function find(r, name) {
  const reply = await r.subrequest(`/-/containers/${name}/json`, {method: "GET"});
  if (reply.status !== 200) {
    return {status: reply.status};
  }
  const found = JSON.parse(reply.responseText);
  const labels = (found.Config || {}).Labels || {};
  const known = labels[LABEL] && own((found.HostConfig || {}).NetworkMode);
  return known ? {status: 200, id: found.Id} : {status: 403};
}

function create(r) {
  const body = parsed(r.requestText);
  const reason = wrong(body);
  if (reason) {
    refuse(r, 403, `${reason}, in a request for a container`);
    return;
  }
  r.variables.checked = JSON.stringify(body);
  r.internalRedirect("@create");
}

// The daemon gets the id of what was looked at: a name may be another container's by then.
async function reach(r) {
  const asked = split(r.variables.request_uri);
  const found = await find(r, asked.name);
  if (found.status === 200) {
    r.variables.target = asked.before + found.id + asked.behind;
    r.internalRedirect("@own");
  } else if (found.status === 404) {
    refuse(r, 404, "No such container");
  } else {
    refuse(r, found.status === 403 ? 403 : 502, "this container is none of Millrace's");
  }
}

async function decide(r) {
  const asked = r.variables.class;
  if (asked === "create") {
    create(r);
  } else if (asked === "own") {
    await reach(r);
  } else if (asked === "read") {
    r.internalRedirect("@docker");
  } else {
    refuse(r, 403, `${r.method} of this kind; it serves the containers of trainings only`);
  }
}

export default {decide};
