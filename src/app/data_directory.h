#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "app/environment.h"
#include "core/file.h"
#include "object/object_store.h"
#include "recommend/ab_tests.h"
#include "recommend/dataset.h"
#include "recommend/model_registry.h"
#include "recommend/recommenders.h"
#include "recommend/rectifying.h"
#include "store/blob/blob_store.h"
#include "store/sql/database.h"
#include "store/table/table_store.h"
#include "subject/audit/audit_log.h"
#include "subject/custody/custodian.h"
#include "subject/decision/automated_decisions.h"
#include "subject/directory.h"
#include "subject/erasure/erasures.h"
#include "subject/erasure/ledger_file.h"
#include "subject/purpose/purposes.h"
#include "subject/retention/retention.h"
#include "subject/rights/desk.h"
#include "wire/access/access_keys.h"

namespace eunomia::backup {
struct source;
}

namespace eunomia::app {

// Everything that rests on the disk, opened: the one place that knows which store serves whom. One process at a time.
//
//   DIR/lock            held while the directory is open
//   DIR/eunomia.db      SQLite, unless --database names a PostgreSQL
//   DIR/blobs/          tables as Parquet parts, model files, and objects
//   DIR/keys/           what no backup may hold: the keyring, the ledger of erasures, and the master key unless it is
//                       kept elsewhere; and signing.pub, which everybody may have
class data_directory {
 public:
  // Creates what is absent, and brings the schema up to date. One that was restored from a backup comes out of this
  // with everybody erased who is in the ledger of erasures, or not at all. Throws errc::unavailable when another
  // process has it, errc::failed_precondition while a restore has not ended. rederived_within: as
  // recommend::custodian_options has it.
  explicit data_directory(environment& shared, std::optional<std::chrono::milliseconds> rederived_within = {});

  store::sql::database& database() { return *database_; }
  subject::vault& keys() { return *keys_; }
  subject::durable_directory& people() { return *people_; }
  subject::purposes& purposes() { return *purposes_; }
  subject::audit_log& audit() { return *audit_; }
  object::object_store& objects() { return *objects_; }
  recommend::datasets& datasets() { return *datasets_; }
  recommend::model_registry& models() { return *models_; }
  recommend::recommenders& recommenders() { return *recommenders_; }
  recommend::ab_tests& ab_tests() { return *ab_tests_; }
  const subject::custodians& custodians() const { return custodians_; }
  subject::erasures& erasures() { return *erasures_; }
  subject::automated_decisions& decisions() { return *decisions_; }
  subject::rights_desk& desk() { return *desk_; }
  subject::retention& retention() { return *retention_; }
  const recommend::rectifying& rectifying() const { return *rectifying_; }
  // Opened anew at each call: one object may be in use at a time.
  wire::access::access_keys access_keys() const;
  // What a backup of it is made of (backup/backup.h).
  backup::source what_to_back_up();
  // How many people the replay of the ledger erased when this was opened.
  std::uint64_t erased_by_replay() const { return erased_by_replay_; }

 private:
  void replay_ledger(environment& shared);

  core::file_lock lock_;
  std::unique_ptr<store::sql::database> database_;
  std::unique_ptr<store::blob_store> blobs_;
  std::unique_ptr<subject::purposes> purposes_;
  std::shared_ptr<subject::vault> keys_;
  std::unique_ptr<store::table::table_store> tables_;
  std::unique_ptr<subject::durable_directory> people_;
  std::unique_ptr<subject::audit_log> audit_;
  std::unique_ptr<subject::automated_decisions> decisions_;
  std::unique_ptr<object::object_store> objects_;
  std::unique_ptr<recommend::datasets> datasets_;
  std::unique_ptr<recommend::model_registry> models_;
  std::unique_ptr<recommend::recommenders> recommenders_;
  std::unique_ptr<recommend::ab_tests> ab_tests_;
  std::unique_ptr<subject::ledger_file> ledger_;
  subject::custodians custodians_;
  std::unique_ptr<subject::erasures> erasures_;
  std::unique_ptr<subject::rights_desk> desk_;
  std::unique_ptr<subject::retention> retention_;
  std::unique_ptr<recommend::rectifying> rectifying_;
  std::uint64_t erased_by_replay_ = 0;
};

// The space of raw user identifiers that imports and --user name.
inline constexpr std::string_view user_space = "user";
// What the recommender's commands read personal rows for.
core::purpose recommendation_purpose();

}  // namespace eunomia::app
