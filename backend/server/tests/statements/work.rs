//! The periodic work, over a registry that is much larger than what is to be done.

use crate::registry::Registry;

/// Every kind of work that a process does by itself.
pub(crate) async fn periodic(r: &mut Registry) {
    let workers = r.t.services.workers();
    r.measure("-", workers.prepare()).await.unwrap();
    for kind in [
        "collection",
        "repository_removal",
        "organization_removal",
        "upload_sweep",
        "object_sweep",
        "part_sweep",
        "expiry_sweep",
        "orphan_sweep",
        "scrub",
        "key_rotation",
        "bulk_changes",
    ] {
        let run = workers.run_kind_if_due(kind);
        assert!(r.measure(kind, run).await.unwrap(), "{kind} is due");
    }
    let failed = "select max(kind || ': ' || last_error) from job_schedules";
    assert_eq!(r.raw.text(failed).await, None);
}
