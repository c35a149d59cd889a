//! The drawer *Set repository permissions* of a robot account.

use leptos::prelude::*;

use super::RobotKey;
use crate::{
    components::{Button, ButtonKind, Failures, Modal, Shape, warn_before_leaving},
    i18n::*,
    pages::namespace::repository_roles::{RepositoryRoles, RolesDraft},
    roles::{Grantee, RoleGiver},
    tasks::Tasks,
};

/// All repositories of the namespace with the robot's role in each; what was chosen is given together, or begins to be
/// where it is for many.
#[component]
pub(super) fn RobotPermissions(
    /// Whose repositories.
    namespace: String,
    /// Which robot.
    robot: RobotKey,
    /// Takes the drawer away.
    on_close: Callback<()>,
    /// Called when roles were given, or are being.
    on_done: Callback<()>,
) -> impl IntoView {
    let (giver, i18n) = (RoleGiver::telling(), use_i18n());
    let draft = RolesDraft::new();
    let tasks = Tasks::new();
    let changed = RwSignal::new(false);
    warn_before_leaving(Signal::derive(move || draft.len() > 0));
    let title_name = robot.1.clone();
    let grantee = Grantee::Account(robot.1);
    let finished = move |all: bool| {
        changed.try_set(true);
        if all {
            draft.clear();
            on_done.try_run(());
        }
    };
    let save = {
        let grantee = grantee.clone();
        Callback::new(move |_| {
            let name = tu_string!(i18n, roles.repository_permissions);
            let task = draft.task(giver, name, grantee.clone());
            tasks.start(task.into_iter().collect(), finished);
        })
    };
    // The answer of a change that was made may not have arrived.
    let close = Callback::new(move |()| {
        if changed.get_untracked() {
            on_done.run(());
        } else {
            on_close.run(());
        }
    });
    view! {
        <Modal
            title=Signal::derive(move || t_string!(i18n, roles.set_for, name = title_name.clone()))
            shape=Shape::WideDrawer
            on_close=close
        >
            <div class="pf-v6-c-modal-box__body">
                <Failures
                    tasks
                    title=words!(i18n, roles.failed)
                    on_again=Callback::new(move |()| tasks.again(finished))
                />
                <RepositoryRoles namespace grantee=Some(grantee) draft/>
            </div>
            <footer class="pf-v6-c-modal-box__footer">
                <Button
                    kind=ButtonKind::Primary
                    busy=tasks.busy
                    disabled=Signal::derive(move || draft.len() == 0)
                    on_click=save
                >
                    {words!(i18n, common.save)}
                </Button>
                <Button kind=ButtonKind::Link on_click=Callback::new(move |_| close.run(()))>
                    {words!(i18n, common.cancel)}
                </Button>
                <span class="berth-muted" role="status">
                    {move || {
                        (draft.len() > 0)
                            .then(|| t_string!(i18n, roles.changes, count = draft.counted(i18n)))
                    }}
                </span>
            </footer>
        </Modal>
    }
}
