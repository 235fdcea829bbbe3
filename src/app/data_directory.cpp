#include "app/data_directory.h"

#include "app/custodians.h"
#include "app/public_keys.h"
#include "backup/backup.h"
#include "backup/restore.h"
#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "core/sign.h"
#include "core/time.h"
#include "job/jobs.h"
#include "object/custodian.h"
#include "recommend/ab_custodian.h"
#include "recommend/custodian.h"
#include "subject/custody/own_custodian.h"
#include "subject/decision/decision_custodian.h"
#include "subject/erasure/restores.h"
#include "wire/access/tokens.h"
#include "wire/personalize/custodian.h"

namespace eunomia::app {

namespace {

struct replay_details {
  std::string restore;
  std::string backup_made_at;
  std::uint64_t ledger_people = 0;  // whom the ledger names
  std::uint64_t erased = 0;         // of them in the backup
};
BOOST_DESCRIBE_STRUCT(replay_details, (), (restore, backup_made_at, ledger_people, erased))

// Opened once its directory is known not to be half restored.
core::file_lock lock_restored(const std::filesystem::path& data) {
  core::file_lock lock(data);
  backup::check_restored(data);
  return lock;
}

std::unique_ptr<store::sql::database> open_database(const environment& shared) {
  auto database =
      store::sql::database::open(shared.database.empty() ? (shared.data / "eunomia.db").string() : shared.database);
  database->migrate(subject::directory_migrations());
  database->migrate(recommend::model_registry_migrations());
  database->migrate(subject::restore_migrations());
  return database;
}

recommend::custodian_options custody(const store::sql::database& database, environment& shared,
                                     std::optional<std::chrono::milliseconds> rederived_within) {
  return {database.speaks(), shared.training_memory(), rederived_within, recommendation_purpose()};
}

}  // namespace

data_directory::data_directory(environment& shared, std::optional<std::chrono::milliseconds> rederived_within)
    : lock_(lock_restored(shared.data)),
      database_(open_database(shared)),
      blobs_(store::open_disk_blob_store(shared.data / "blobs")),
      purposes_(std::make_unique<subject::purposes>(*database_)),
      keys_(subject::open_vault(*database_, shared.data / "keys", shared.master_key)),
      tables_(store::table::open_table_store(*database_, *blobs_, shared.data / "blobs", *purposes_, *keys_)),
      people_(subject::open_directory(*database_, keys_)),
      audit_(std::make_unique<subject::audit_log>(*database_)),
      decisions_(std::make_unique<subject::automated_decisions>(*database_, *keys_)),
      objects_(
          std::make_unique<object::object_store>(*database_, *blobs_,
                                                 object::object_keys{keys_->key_for(object::object_keys::sealing_use),
                                                                     keys_->key_for(object::object_keys::lookup_use)})),
      datasets_(std::make_unique<recommend::datasets>(*database_, *tables_, *people_, *purposes_)),
      models_(std::make_unique<recommend::model_registry>(*database_, *blobs_)),
      recommenders_(std::make_unique<recommend::recommenders>(*database_, *datasets_, *models_)),
      ab_tests_(std::make_unique<recommend::ab_tests>(*database_, *keys_, *recommenders_)),
      ledger_(std::make_unique<subject::ledger_file>(shared.data / "keys", keys_->keys().id())),
      custodians_(
          make_custodians(subject::make_subject_custodian(*database_, *people_, *keys_, *purposes_, *audit_),
                          subject::make_decision_custodian(*database_, *decisions_),
                          recommend::make_custodian(*datasets_, *models_, *recommenders_,
                                                    custody(*database_, shared, rederived_within)),
                          recommend::make_ab_custodian(*database_, *ab_tests_, *datasets_),
                          object::make_custodian(*objects_,
                                                 [this](core::subject_handle who) {
                                                   std::vector<subject::person_name> names;
                                                   for (auto& one : people_->known_by(who)) {
                                                     names.push_back({std::move(one.space), std::move(one.raw), false});
                                                   }
                                                   return names;
                                                 }),
                          wire::personalize::make_custodian(*database_, *keys_, user_space))),
      erasures_(std::make_unique<subject::erasures>(subject::erasure_house{*database_,
                                                                           *keys_,
                                                                           *people_,
                                                                           *purposes_,
                                                                           *audit_,
                                                                           *ledger_,
                                                                           custodians_,
                                                                           shared.data,
                                                                           {"uploads/", "incoming/"}})),
      desk_(std::make_unique<subject::rights_desk>(
          subject::desk_house{*database_, *keys_, *people_, *purposes_, *audit_, custodians_, *decisions_})),
      retention_(std::make_unique<subject::retention>(
          subject::retention_house{*database_, *people_, *purposes_, *audit_, custodians_, *erasures_})),
      rectifying_(std::make_unique<recommend::rectifying>(*datasets_, *recommenders_,
                                                          custody(*database_, shared, rederived_within))) {
  leave_public_key(shared.data / public_keys_file, core::signing_key(keys_->keys().signing_seed()).public_half());
  replay_ledger(shared);
}

// By the path of any erasure: a request of its own, with a certificate. Its people are in the ledger twice then.
void data_directory::replay_ledger(environment& shared) {
  const auto pending = database_->read([](store::sql::connection& in) { return subject::replay_pending(in); });
  if (!pending) {
    return;
  }
  const subject::custody_context with{shared.pool(), shared.job()};
  const std::uint64_t named = ledger_->size();  // before who is erased again is appended
  const auto everybody = ledger_->read_all();
  const auto back = database_->read([&](store::sql::connection& in) { return subject::who_are_there(in, everybody); });
  if (!back.empty()) {
    erasures_->begin(back, subject::actor::system(), with);
  }
  // Also those whose erasure the backup found under way.
  erasures_->finish(with);
  keys_->enter_newest(with.job);
  database_->write([&](store::sql::transaction& in) {
    subject::complete_replay(in, pending->id, back.size(), core::now_ms());
    const replay_details details{pending->id, core::format_iso8601(pending->backup_at), named, back.size()};
    audit_->append(in, subject::audit_entry{.action = "ledger.replayed", .details = core::write_json(details)});
  });
  database_->checkpoint_truncate();
  erased_by_replay_ = back.size();
  core::log::info("the ledger of erasures was replayed over a restored backup",
                  {{"ledger", ledger_->size()}, {"erased", back.size()}});
}

wire::access::access_keys data_directory::access_keys() const {
  return {*database_, keys_->key_for(wire::access::access_keys::sealing_key_use)};
}

backup::source data_directory::what_to_back_up() {
  // A dump has the steps of every room that the database has, also of those that this command did not need.
  const wire::access::tokens tokens(*database_);
  const wire::access::access_keys keys = access_keys();
  const job::jobs jobs(*database_);
  return {*database_,
          *blobs_,
          keys_->keys(),
          *ledger_,
          [](store::sql::connection& in) {
            auto named = store::table::named_blobs(in);
            auto models = recommend::model_files(in);
            named.insert(named.end(), std::make_move_iterator(models.begin()), std::make_move_iterator(models.end()));
            auto objects = object::named_blobs(in);
            named.insert(named.end(), std::make_move_iterator(objects.begin()), std::make_move_iterator(objects.end()));
            return named;
          },
          EUNOMIA_VERSION};
}

core::purpose recommendation_purpose() {
  return core::purpose("recommendation");
}

}  // namespace eunomia::app
