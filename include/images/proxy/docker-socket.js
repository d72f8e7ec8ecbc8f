// The policy of the Docker proxy. Allows by naming what is known: a field, a value or a container that
// this file does not know is refused, so that a newer daemon opens nothing.
//
// A container may be made from the trainer image, without mounts of the host, on the network of the
// trainings, with no right that the image does not have. Only containers with Millrace's label may be
// looked into, followed, stopped and removed.

const LABEL = "millrace.key";

const IMAGE = /^millrace-trainer:[A-Za-z0-9][A-Za-z0-9._-]*$/;
const NETWORK = /^(none|[a-z0-9][a-z0-9_-]*-training)$/;

const free = () => true;
const nothing = (value) =>
  value === null || value === false || value === 0 || value === "" || isEmpty(value);
const one = (...values) => (value) => nothing(value) || values.includes(value);
const all = (...values) => (value) =>
  nothing(value) || (Array.isArray(value) && value.every((item) => values.includes(item)));
const like = (pattern) => (value) => typeof value === "string" && pattern.test(value);
const orLike = (pattern) => (value) => nothing(value) || like(pattern)(value);

const HOST = {
  AutoRemove: free, ConsoleSize: free, CpuPeriod: free, CpuQuota: free, CpuShares: free,
  CpusetCpus: free, CpusetMems: free, DeviceRequests: gpus, Init: free, LogConfig: logs,
  Memory: free, MemoryReservation: free, MemorySwap: free, MemorySwappiness: free, NanoCpus: free,
  NanoCPUs: free, OomKillDisable: nothing, OomScoreAdj: nothing, PidsLimit: free,
  ReadonlyRootfs: free, ShmSize: free, StorageOpt: nothing, Tmpfs: free, Ulimits: free,
  CapDrop: free, CgroupnsMode: one("private"), IpcMode: one("private", "none"),
  NetworkMode: orLike(NETWORK), RestartPolicy: restart,
  SecurityOpt: all("no-new-privileges", "no-new-privileges:true", "no-new-privileges=true"),
  Mounts: temporary, MaskedPaths: nothing, ReadonlyPaths: nothing,
  Binds: nothing, BlkioDeviceReadBps: nothing, BlkioDeviceReadIOps: nothing,
  BlkioDeviceWriteBps: nothing, BlkioDeviceWriteIOps: nothing, BlkioWeight: nothing,
  BlkioWeightDevice: nothing, CapAdd: nothing, Cgroup: nothing, CgroupParent: nothing,
  ContainerIDFile: nothing, CpuCount: nothing, CpuPercent: nothing, CpuRealtimePeriod: nothing,
  CpuRealtimeRuntime: nothing, DeviceCgroupRules: nothing, Devices: nothing, Dns: nothing,
  DnsOptions: nothing, DnsSearch: nothing, ExtraHosts: nothing, GroupAdd: nothing,
  IOMaximumBandwidth: nothing, IOMaximumIOps: nothing, Isolation: nothing, KernelMemory: nothing,
  KernelMemoryTCP: nothing, Links: nothing, PidMode: nothing, PortBindings: nothing,
  Privileged: nothing, PublishAllPorts: nothing, Runtime: one("nvidia", "runc"), Sysctls: nothing,
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

function labelled(value) {
  return isObject(value) && typeof value[LABEL] === "string" && value[LABEL] !== "";
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
  return names.every((name) => NETWORK.test(name) && nothing(value.EndpointsConfig[name]));
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
  return isObject(body.Labels) && body.Image && isObject(host) && host.NetworkMode
    ? undefined
    : "Labels, Image and HostConfig.NetworkMode are required";
}

function parsed(text) {
  try {
    return JSON.parse(text || "");
  } catch (error) {
    return null;
  }
}

// Whether a container carries Millrace's label; 0 where it does, else the status of the answer.
async function foreign(r) {
  const id = r.variables.request_uri.split("?")[0].split("/containers/")[1].split("/")[0];
  const reply = await r.subrequest(`/-/containers/${id}/json`, {method: "GET"});
  if (reply.status !== 200) {
    return reply.status;
  }
  const labels = (JSON.parse(reply.responseText).Config || {}).Labels || {};
  return labels[LABEL] ? 0 : 403;
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

async function reach(r) {
  const status = await foreign(r);
  if (status === 0) {
    r.internalRedirect("@docker");
  } else if (status === 404) {
    refuse(r, 404, "No such container");
  } else {
    refuse(r, status === 403 ? 403 : 502, "this container is none of Millrace's");
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
