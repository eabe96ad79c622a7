//! The container image without a registry: the files of its final stage, assembled by the script that the Dockerfile runs, are the root of a
//! sandbox with an arbitrary user, and the binary in them serves, saves and restarts offline. Builds no image.

#[expect(dead_code, reason = "the process tests use more of it")]
#[path = "process/azure.rs"]
mod azure;
#[expect(dead_code, reason = "the process tests use more of it")]
#[path = "process/child.rs"]
mod child;
#[expect(dead_code, reason = "the process tests use more of it")]
#[path = "process/folder.rs"]
mod folder;
#[expect(dead_code, reason = "the process tests use more of it")]
#[path = "process/gateway.rs"]
mod gateway;
#[expect(dead_code, reason = "the process tests use more of it")]
#[path = "process/nginx.rs"]
mod nginx;
#[path = "process/ports.rs"]
mod ports;
#[path = "process/wait.rs"]
mod wait;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::{TempDir, tempdir};

use azure::Azure;
use child::{bare, holdfast, installed, say};
use folder::Folder;
use gateway::{Gateway, Wiring};
use nginx::Nginx;

/// The folder of the backups in the image.
const VOLUME: &str = "/apim/config";
/// Somebody whom no file of the image knows.
const USER: &str = "54321";

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace is above the package")
}

/// The files of the final stage, and a volume.
struct Container {
    stage: TempDir,
    volume: TempDir,
}

impl Container {
    fn new() -> Self {
        let (stage, volume) = (tempdir().unwrap(), tempdir().unwrap());
        let said = say(Command::new(workspace().join(".ci/stage")).arg(stage.path()).arg(holdfast()));
        assert_eq!(said.code, Some(0), "{said:?}");
        Self { stage, volume }
    }

    /// The sandbox, as a container runtime makes it: own user, own processes, nothing writable but the volume.
    fn sandbox(&self, wiring: &Wiring) -> Command {
        let mut command = bare(installed("bwrap"));
        command.arg("--ro-bind").arg(self.stage.path()).arg("/");
        command.arg("--bind").arg(self.volume.path()).arg(VOLUME);
        command.args(["--proc", "/proc", "--dev", "/dev", "--unshare-user", "--uid", USER, "--gid", USER]);
        command.args(["--unshare-pid", "--die-with-parent", "--clearenv"]);
        for (key, value) in wiring.variables() {
            command.args(["--setenv", key, value]);
        }
        command
    }

    fn start(&self, wiring: &Wiring) -> Gateway {
        wiring.start_as(self.sandbox(wiring).arg("/holdfast"))
    }

    /// Attached to `azure`; the authority stands in the volume, the only place that the sandbox shares with the world. There is no file of
    /// host names in it either, so the service is named by its address.
    fn wiring(&self, azure: &Azure) -> Wiring {
        fs::copy(azure.authority(), self.volume.path().join("ca.pem")).expect("the authority can be copied");
        Wiring::federated(azure, Path::new(VOLUME))
            .set("config.service.endpoint", &azure.endpoint().replace("localhost", "127.0.0.1"))
            .set("holdfast.service.ca.path", &format!("{VOLUME}/ca.pem"))
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.stage.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() { folders.push(path) } else { found.push(path) }
            }
        }
        let inside = |path: PathBuf| Path::new("/").join(path.strip_prefix(self.stage.path()).unwrap());
        let mut found: Vec<PathBuf> = found.into_iter().map(inside).collect();
        found.sort();
        found
    }
}

#[test]
fn the_stage_serves_saves_and_restarts_offline_with_a_read_only_root_and_any_user() {
    let (nginx, container) = (Nginx::start(), Container::new());
    let folder = Folder::sample(&nginx.backends());
    let mut azure = Azure::start(&folder);
    let wiring = container.wiring(&azure);
    let before = container.files();
    let mut gateway = container.start(&wiring);
    gateway.shows(1);
    gateway.logs("BackupWritten", &[]);
    let saved = fs::read_dir(container.volume.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let saved: Vec<String> = saved.map(|name| name.to_string_lossy().into_owned()).collect();
    assert!(saved.iter().any(|name| name.ends_with(".holdfast")), "{saved:?}");

    // The health check of the image, in a sandbox with the same environment.
    let said = say(container.sandbox(&wiring).args(["/holdfast", "health"]));
    assert_eq!(said.code, Some(0), "{said:?}");

    azure.kill();
    gateway.kill();
    let said = say(container.sandbox(&wiring).args(["/holdfast", "health"]));
    assert_eq!(said.code, Some(1), "{said:?}");
    let mut gateway = container.start(&wiring);
    gateway.shows(1);
    gateway.is_restored();
    let said = say(container.sandbox(&wiring).args(["/holdfast", "health"]));
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(container.files(), before, "the root has changed");
}

#[test]
fn nothing_but_the_volume_can_be_written() {
    let (nginx, container) = (Nginx::start(), Container::new());
    let azure = Azure::start(&Folder::sample(&nginx.backends()));
    for place in ["/", "/tmp", "/etc", "/apim"] {
        let wiring = container.wiring(&azure).set("holdfast.backup.path", place);
        let mut gateway = container.start(&wiring);
        gateway.shows(1);
        gateway.logs("LocalBackupLocationNotWritable", &[place, "read-only"]);
    }
}

#[test]
fn the_stage_has_no_shell_and_nothing_that_is_not_needed() {
    let container = Container::new();
    let files = container.files();
    let is_library = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.contains(".so") && (name.starts_with("lib") || name.starts_with("ld-"))
    };
    let others: Vec<&PathBuf> = files.iter().filter(|path| !is_library(path)).collect();
    let expected =
        ["/etc/group", "/etc/nsswitch.conf", "/etc/passwd", "/etc/ssl/certs/ca-certificates.crt", "/holdfast"];
    assert_eq!(others, expected.map(PathBuf::from).iter().collect::<Vec<_>>());
    assert!(files.len() < others.len() + 10, "{files:?}");

    let backup = tempdir().unwrap();
    let wiring = Wiring::to("file:///nowhere", backup.path());
    for shell in ["/bin/sh", "/bin/bash", "/usr/bin/env", "/busybox"] {
        let said = say(container.sandbox(&wiring).args([shell, "-c", "true"]));
        assert!(said.code != Some(0) && said.err.contains("No such file"), "{shell}: {said:?}");
    }
    // The sandbox itself is sound: what is there runs in it.
    let said = say(container.sandbox(&wiring).args(["/holdfast", "check", "/nowhere"]));
    assert!(!said.err.contains("bwrap"), "{said:?}");
}

/// The instructions of the Dockerfile's last stage: word and rest.
fn final_stage() -> Vec<(String, String)> {
    let text = fs::read_to_string(workspace().join("Dockerfile")).expect("the Dockerfile is there");
    let text = text.replace("\\\n", " ");
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let instructions: Vec<(String, String)> = lines
        .map(|line| line.split_once(char::is_whitespace).unwrap_or((line, "")))
        .map(|(word, rest)| (word.to_uppercase(), rest.trim().to_owned()))
        .collect();
    let last = instructions.iter().rposition(|(word, _)| word == "FROM").expect("a stage");
    instructions[last..].to_vec()
}

#[test]
fn the_dockerfile_ships_exactly_the_stage_that_is_tested() {
    let stage = final_stage();
    let all = |word: &str| -> Vec<&str> {
        stage.iter().filter(|(found, _)| found == word).map(|(_, rest)| rest.as_str()).collect()
    };
    assert_eq!(all("FROM"), ["scratch"], "the final stage begins empty");
    assert_eq!(all("COPY"), ["--from=build /stage/ /"], "the final stage is what `.ci/stage` made and nothing else");
    assert_eq!((all("ADD"), all("RUN")), (vec![], vec![]), "there is no shell to run anything with");
    let ports: Vec<&str> = all("EXPOSE").into_iter().flat_map(str::split_whitespace).collect();
    assert_eq!(ports, ["8080", "8081"]);
    assert_eq!(all("VOLUME"), [VOLUME]);
    assert_eq!(all("ENTRYPOINT"), [r#"["/holdfast"]"#]);
    assert_eq!(all("STOPSIGNAL"), ["SIGTERM"]);
    let health = all("HEALTHCHECK").concat();
    assert!(health.ends_with(r#"CMD ["/holdfast", "health"]"#), "{health}");
    // Kubernetes' `runAsNonRoot` can check a number, but no name.
    let user = all("USER").concat();
    let numeric = user.split(':').all(|id| id.parse::<u32>().is_ok_and(|id| id != 0));
    assert!(numeric, "`USER {user}` is not numeric, or is root");

    let whole = fs::read_to_string(workspace().join("Dockerfile")).unwrap();
    assert!(whole.contains(".ci/stage /stage target/release/holdfast"), "the build stage does not run `.ci/stage`");
}
