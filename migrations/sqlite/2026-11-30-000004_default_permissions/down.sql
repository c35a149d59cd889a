drop table permission_prototypes;
