#pragma once

#include <CLI/CLI.hpp>

#include "app/environment.h"

namespace eunomia::app {

// Each adds one subcommand; when the command line names it, it sets shared.action.
void add_import(CLI::App& recommend, environment& shared);
void add_export(CLI::App& recommend, environment& shared);
void add_list(CLI::App& recommend, environment& shared);
void add_fit(CLI::App& recommend, environment& shared);
void add_evaluate(CLI::App& recommend, environment& shared);
void add_verify_forgetting(CLI::App& recommend, environment& shared);
void add_recommend(CLI::App& recommend, environment& shared);
void add_similar(CLI::App& recommend, environment& shared);
void add_explain(CLI::App& recommend, environment& shared);
void add_model_files(CLI::App& recommend, environment& shared);
void add_deployments(CLI::App& recommend, environment& shared);
void add_forget(CLI::App& recommend, environment& shared);
void add_demo(CLI::App& eunomia, environment& shared);
void add_up(CLI::App& eunomia, environment& shared);
void add_purposes(CLI::App& eunomia, environment& shared);
void add_subjects(CLI::App& eunomia, environment& shared);
void add_tokens(CLI::App& eunomia, environment& shared);
void add_keys(CLI::App& eunomia, environment& shared);
void add_access_keys(CLI::App& keys, environment& shared);
void add_buckets(CLI::App& eunomia, environment& shared);
void add_backup(CLI::App& eunomia, environment& shared);
void add_restore(CLI::App& eunomia, environment& shared);
void add_inventory(CLI::App& eunomia, environment& shared);
void add_retention(CLI::App& eunomia, environment& shared);
void add_audit(CLI::App& eunomia, environment& shared);
void add_certificate(CLI::App& eunomia, environment& shared);
void add_migrate(CLI::App& eunomia, environment& shared);

}  // namespace eunomia::app
