//! Real clients and a real browser against a running registry, in both deployment shapes.

mod access;
mod backup;
mod browser;
mod buildah;
mod conformance;
mod cosign;
mod crane;
mod helm;
mod histories;
mod large;
mod names;
mod operation;
mod oras;
mod outages;
mod podman;
mod proxies;
mod redirects;
mod rest_client;
mod rights;
mod secrets;
mod skopeo;
mod torture;
mod uploads;

fn main() -> std::process::ExitCode {
    berth_e2e::harness::main(&[
        access::SCENARIOS,
        backup::SCENARIOS,
        browser::SCENARIOS,
        buildah::SCENARIOS,
        conformance::SCENARIOS,
        cosign::SCENARIOS,
        crane::SCENARIOS,
        helm::SCENARIOS,
        histories::SCENARIOS,
        large::SCENARIOS,
        names::SCENARIOS,
        operation::SCENARIOS,
        operation::SCALED,
        oras::SCENARIOS,
        outages::SCENARIOS,
        outages::SCALED,
        podman::SCENARIOS,
        redirects::SCENARIOS,
        proxies::SCENARIOS,
        rest_client::SCENARIOS,
        rights::SCENARIOS,
        secrets::SCENARIOS,
        skopeo::SCENARIOS,
        torture::SCENARIOS,
        uploads::SCENARIOS,
    ])
}
