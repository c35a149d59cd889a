//! Opens the place of the bytes and sees that it takes some.

use std::sync::Arc;

use berth_storage::{Filesystem, FilesystemConfig, S3, StorageDriver};

use super::failure::with_causes;
use super::{DataFolder, StartUpError};
use crate::config::Config;
use crate::config::storage::Place;

const KEY: &str = "DISTRIBUTED_STORAGE_CONFIG";

/// Opens the storage that is configured, or the folder `storage` in the data folder.
pub async fn storage(
    config: &Config,
    data: &DataFolder,
) -> Result<Arc<dyn StorageDriver>, StartUpError> {
    let (driver, subject, where_it_is, hint) = match config.storage_place() {
        None => {
            data.make()?;
            let root = data.storage();
            (
                folder(FilesystemConfig { root }),
                "--data",
                data.path().display().to_string(),
                FOLDER_HINT,
            )
        }
        Some(Place::Local(options)) => {
            let root = options.storage_path.clone();
            if root
                .parent()
                .is_some_and(|above| !above.as_os_str().is_empty() && !above.is_dir())
            {
                return Err(StartUpError::new(
                    KEY,
                    format!("the folder above `{}` does not exist", root.display()),
                    "make the folder, or correct `storage_path`",
                ));
            }
            let where_it_is = root.display().to_string();
            (
                folder(FilesystemConfig { root }),
                KEY,
                where_it_is,
                FOLDER_HINT,
            )
        }
        Some(place) => {
            let largest = config.registry.maximum_layer_size.0;
            let Some(mut options) = place.s3_config(largest) else {
                return Err(StartUpError::new(
                    KEY,
                    "the place is no bucket",
                    FOLDER_HINT,
                ));
            };
            options.part_buffers =
                usize::try_from(config.storage.part_buffers).unwrap_or(usize::MAX);
            let driver = S3::new(&options).map(|driver| Arc::new(driver) as Arc<dyn StorageDriver>);
            (
                driver,
                KEY,
                format!("bucket {}", options.bucket),
                BUCKET_HINT,
            )
        }
    };
    let failed = |error: berth_domain::Error| {
        StartUpError::new(
            subject,
            format!("`{where_it_is}` cannot be used: {}", with_causes(&error)),
            hint,
        )
    };
    let driver = driver.map_err(failed)?;
    driver.check().await.map_err(failed)?;
    Ok(driver)
}

const FOLDER_HINT: &str = "the folder must be writable for this user and have room";
const BUCKET_HINT: &str = "check endpoint, region, keys and that the bucket exists; the keys must allow to read, write, list and delete";

fn folder(config: FilesystemConfig) -> berth_domain::Result<Arc<dyn StorageDriver>> {
    Ok(Arc::new(Filesystem::open(config)?))
}
