//! Periodic work shared fairly by any number of replicas.
