//! `berth migrate`.

use super::{Failure, block_on, configuration, print};
use crate::cli::{ConfigArgs, DataArgs};
use crate::start_up::{DataFolder, Migrate, database, own};

/// Brings the database to the schema of this binary.
pub(crate) fn migrate(config: &ConfigArgs, data: &DataArgs) -> Result<(), Failure> {
    let config = configuration(config)?;
    let data = DataFolder::new(&data.data);
    let _owned = own(&config, &data)?;
    block_on(async {
        let db = database(&config, &data, Migrate::Yes).await?;
        print(&format!(
            "the {} database has the current schema\n",
            db.kind()
        ))
    })
}
