//! Tests with real parts: the real `holdfast` binary, fake Azure as a process, a real nginx, a real Redis, files on a disk. Simulates
//! nothing; the simulator's tests do.
//!
//! Each test starts its own processes on ports of its own and ends them by their ids. Run by `.ci/test`, which installs nginx and Redis
//! and builds the binaries.

#[path = "process/authority.rs"]
mod authority;
#[path = "process/azure.rs"]
mod azure;
#[path = "process/child.rs"]
mod child;
#[path = "process/folder.rs"]
mod folder;
#[path = "process/forward_proxy.rs"]
mod forward_proxy;
#[path = "process/gateway.rs"]
mod gateway;
#[path = "process/nginx.rs"]
mod nginx;
#[path = "process/played.rs"]
mod played;
#[path = "process/ports.rs"]
mod ports;
#[path = "process/provider.rs"]
mod provider;
#[path = "process/redis.rs"]
mod redis;
#[path = "process/scripted.rs"]
mod scripted;
#[path = "process/tls.rs"]
mod tls;
#[path = "process/traffic.rs"]
mod traffic;
#[path = "process/wait.rs"]
mod wait;

#[path = "process/arc.rs"]
mod arc;
#[path = "process/azure_services.rs"]
mod azure_services;
#[path = "process/backup.rs"]
mod backup;
#[path = "process/caching.rs"]
mod caching;
#[path = "process/certificate.rs"]
mod certificate;
#[path = "process/commands.rs"]
mod commands;
#[path = "process/cosmos.rs"]
mod cosmos;
#[path = "process/drain.rs"]
mod drain;
#[path = "process/graphql.rs"]
mod graphql;
#[path = "process/hostile.rs"]
mod hostile;
#[path = "process/http2.rs"]
mod http2;
#[path = "process/identity.rs"]
mod identity;
#[path = "process/integration.rs"]
mod integration;
#[path = "process/outage.rs"]
mod outage;
#[path = "process/pool.rs"]
mod pool;
#[path = "process/proxied.rs"]
mod proxied;
#[path = "process/serving.rs"]
mod serving;
#[path = "process/signed.rs"]
mod signed;
#[path = "process/subscriptions.rs"]
mod subscriptions;
#[path = "process/token.rs"]
mod token;
#[path = "process/tracing.rs"]
mod tracing;
#[path = "process/vault.rs"]
mod vault;
