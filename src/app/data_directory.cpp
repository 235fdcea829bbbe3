#include "app/data_directory.h"

#include "app/custodians.h"
#include "app/public_keys.h"
#include "core/sign.h"
#include "recommend/custodian.h"
#include "subject/custody/own_custodian.h"

namespace eunomia::app {

namespace {

std::unique_ptr<store::sql::database> open_database(const environment& shared) {
  auto database =
      store::sql::database::open(shared.database.empty() ? (shared.data / "eunomia.db").string() : shared.database);
  database->migrate(subject::directory_migrations());
  database->migrate(recommend::model_registry_migrations());
  return database;
}

}  // namespace

data_directory::data_directory(environment& shared, std::optional<std::chrono::milliseconds> rederived_within)
    : lock_(shared.data),
      database_(open_database(shared)),
      blobs_(store::open_disk_blob_store(shared.data / "blobs")),
      purposes_(std::make_unique<subject::purposes>(*database_)),
      tables_(store::table::open_table_store(*database_, *blobs_, shared.data / "blobs", *purposes_)),
      keys_(subject::open_vault(*database_, shared.data / "keys", shared.master_key)),
      people_(subject::open_directory(*database_, keys_)),
      audit_(std::make_unique<subject::audit_log>(*database_)),
      datasets_(std::make_unique<recommend::datasets>(*database_, *tables_, *people_, *purposes_)),
      models_(std::make_unique<recommend::model_registry>(*database_, *blobs_)),
      recommenders_(std::make_unique<recommend::recommenders>(*database_, *datasets_, *models_)),
      custodians_(make_custodians(
          subject::make_subject_custodian(*database_, *people_, *keys_, *purposes_, *audit_),
          recommend::make_custodian(*datasets_, *models_, *recommenders_,
                                    {database_->speaks(), shared.training_memory(), rederived_within}))),
      erasures_(std::make_unique<subject::erasures>(subject::erasure_house{
          *database_, *keys_, *people_, *purposes_, *audit_, custodians_, shared.data, {"uploads/", "incoming/"}})) {
  leave_public_key(shared.data / public_keys_file, core::signing_key(keys_->keys().signing_seed()).public_half());
}

core::purpose recommendation_purpose() {
  return core::purpose("recommendation");
}

}  // namespace eunomia::app
