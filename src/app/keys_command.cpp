// eunomia keys epochs, roll and reseal: the keys that wrap those of people.

#include <fmt/format.h>

#include "app/commands.h"
#include "app/data_directory.h"
#include "app/key_upkeep.h"
#include "app/remote.h"
#include "app/text_table.h"
#include "core/error.h"
#include "core/json.h"
#include "core/time.h"
#include "subject/vault/on_record.h"
#include "wire/api/jobs.h"
#include "wire/api/keys.h"

namespace eunomia::app {

namespace {

using wire::api::key_epoch_list;
using wire::api::key_roll;

constexpr std::int64_t day_ms = 86'400'000;
constexpr const char* keyring = "The keyring: what wraps the keys of people";

void list(environment& shared) {
  const auto epochs = shared.server.empty() ? wire::api::view_of(data_directory(shared).keys().keys())
                                            : core::read_json<key_epoch_list>(remote(shared).get("/api/v1/keys"));
  if (shared.json) {
    shared.print(core::write_json(epochs, 2));
    return;
  }
  text_table table({"epoch", "state", "began", "retired", "destroyed"});
  for (const auto& epoch : epochs.epochs) {
    table.add({std::to_string(epoch.epoch), epoch.state, epoch.began_at, epoch.retired_at.value_or("-"),
               epoch.destroyed_at.value_or("-")});
  }
  shared.print(table.str());
}

subject::rolled_keys roll_here(const key_roll& wanted, std::int64_t grace_days, environment& shared) {
  data_directory data(shared);
  const subject::roll_order order{.begin_epoch = wanted.begin_epoch,
                                  .now_ms = core::now_ms(),
                                  .grace_ms = wanted.destroy_now ? 0 : grace_days * day_ms};
  return subject::roll_on_record(data.keys(), data.audit(), order, subject::actor::system(), shared.job());
}

subject::rolled_keys roll_remotely(const key_roll& wanted, environment& shared) {
  remote server(shared);
  const auto job = core::read_json<wire::api::job_view>(server.post("/api/v1/keys/roll", core::write_json(wanted)));
  return core::read_json<subject::rolled_keys>(server.wait_for_job(job.id));
}

void roll(const key_roll& wanted, std::int64_t grace_days, environment& shared) {
  const auto done = shared.server.empty() ? roll_here(wanted, grace_days, shared) : roll_remotely(wanted, shared);
  shared.print(shared.json ? core::write_json(done, 2)
                           : fmt::format("epoch {}: {} keys wrapped anew, {} earlier epochs destroyed", done.epoch,
                                         grouped(done.rewrapped), done.destroyed.size()));
}

// The one change that a running server knows nothing of: it holds the key that it started with.
void reseal(const std::filesystem::path& file, environment& shared) {
  if (!shared.server.empty()) {
    throw core::error(core::errc::invalid_argument,
                      "keys reseal works on the data directory; stop the server, and leave --server out");
  }
  data_directory data(shared);
  subject::reseal_on_record(data.keys(), data.database(), data.audit(), subject::read_master_key({file, {}, {}}, true),
                            subject::actor::system());
  shared.print(fmt::format(
      "the keyring is sealed with the key in {}; from now on start with it, and destroy the old one", file.string()));
}

}  // namespace

void add_keys(CLI::App& eunomia, environment& shared) {
  CLI::App* keys = eunomia.add_subcommand("keys", "Access keys, and the keyring of the keys of people");
  keys->require_subcommand(1);
  add_access_keys(*keys, shared);

  CLI::App* listing =
      keys->add_subcommand("epochs", "The epochs of the keys that wrap those of people")->group(keyring);
  listing->callback([&shared] { shared.action = [&shared] { list(shared); }; });

  auto file = std::make_shared<std::filesystem::path>();
  CLI::App* resealing = keys->add_subcommand("reseal", "Seal the keyring with another master key")->group(keyring);
  resealing->add_option("--new-master-key-file", *file, "The new key; made when the file is absent")->required();
  resealing->callback([file, &shared] { shared.action = [file, &shared] { reseal(*file, shared); }; });

  auto wanted = std::make_shared<key_roll>();
  auto grace_days = std::make_shared<std::int64_t>(key_upkeep_options().grace_days);
  auto only_finish = std::make_shared<bool>(false);
  CLI::App* rolling =
      keys->add_subcommand("roll",
                           "Begin a new epoch, wrap every key with it, and destroy the epochs whose time is over")
          ->group(keyring);
  rolling->add_flag("--only-finish", *only_finish,
                    "No new epoch: end a roll that was interrupted, and destroy what is due");
  rolling->add_flag("--destroy-now", wanted->destroy_now,
                    "Destroy retired epochs at once: backups from before cannot be opened any more");
  rolling->add_option("--key-grace-days", *grace_days, "How long a retired epoch is kept, without --server")
      ->check(CLI::Range(0, 36'500))
      ->capture_default_str();
  rolling->callback([=, &shared] {
    shared.action = [=, &shared] {
      wanted->begin_epoch = !*only_finish;
      roll(*wanted, *grace_days, shared);
    };
  });
}

}  // namespace eunomia::app
