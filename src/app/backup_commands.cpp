// eunomia backup, backup verify and restore.

#include <fmt/format.h>

#include "app/commands.h"
#include "app/data_directory.h"
#include "app/remote.h"
#include "app/text_table.h"
#include "backup/backup.h"
#include "backup/restore.h"
#include "core/error.h"
#include "core/json.h"
#include "wire/api/jobs.h"

namespace eunomia::app {

namespace {

struct restore_row {
  backup::report backup;
  std::uint64_t ledger_people = 0;
  std::uint64_t erased = 0;
};
BOOST_DESCRIBE_STRUCT(restore_row, (), (backup, ledger_people, erased))

backup::report back_up_here(const std::filesystem::path& folder, environment& shared) {
  if (folder.empty()) {
    throw core::error(core::errc::invalid_argument, "name the folder of the backup with --output");
  }
  data_directory data(shared);
  return backup::report_of(backup::make_backup(data.what_to_back_up(), folder, shared.job()), folder);
}

backup::report back_up_remotely(const std::filesystem::path& folder, environment& shared) {
  if (!folder.empty()) {
    throw core::error(core::errc::invalid_argument,
                      "--output is for a data directory; a server writes into its own --backup-folder");
  }
  remote server(shared);
  const auto job = core::read_json<wire::api::job_view>(server.post("/api/v1/backups"));
  return core::read_json<backup::report>(server.wait_for_job(job.id));
}

void print(const backup::report& report, std::string_view verb, environment& shared) {
  shared.print(shared.json ? core::write_json(report, 2)
                           : fmt::format("{} {}: {} files with {} bytes, {} rows, as of {}", report.folder, verb,
                                         grouped(report.files), grouped(report.bytes), grouped(report.rows),
                                         report.created_at));
}

void restore(const std::filesystem::path& folder, const backup::target& wanted, environment& shared) {
  if (!shared.server.empty()) {
    throw core::error(core::errc::invalid_argument,
                      "restore works on a data directory that no server has; leave --server out");
  }
  backup::target to = wanted;
  to.data = shared.data;
  to.database = shared.database;
  to.master_key = shared.master_key;
  const backup::restored done = backup::restore(folder, to, shared.job());
  // Opening replays the ledger of erasures; any other command would do it too.
  data_directory data(shared);
  const restore_row row{backup::report_of(done.from, folder), done.ledger_people, data.erased_by_replay()};
  shared.print(shared.json ? core::write_json(row, 2)
                           : fmt::format("{} is as it was at {}; {} people who were erased since are erased again",
                                         shared.data.string(), row.backup.created_at, grouped(row.erased)));
}

}  // namespace

void add_backup(CLI::App& eunomia, environment& shared) {
  CLI::App* command = eunomia.add_subcommand("backup", "Copy everything but the keys, of one moment, into a folder");
  auto output = std::make_shared<std::filesystem::path>();
  command->add_option("--output", *output, "The folder, which is made; with --server it is the server's to choose");
  command->require_subcommand(0, 1);
  command->callback([command, output, &shared] {
    if (command->get_subcommands().empty()) {
      shared.action = [output, &shared] {
        print(shared.server.empty() ? back_up_here(*output, shared) : back_up_remotely(*output, shared), "made",
              shared);
      };
    }
  });
  CLI::App* verifying = command->add_subcommand("verify", "Read every byte of a backup and compare its digests");
  auto folder = std::make_shared<std::filesystem::path>();
  verifying->add_option("folder", *folder, "The backup")->required();
  verifying->callback([folder, &shared] {
    shared.action = [folder, &shared] {
      print(backup::report_of(backup::verify(*folder, shared.job()), *folder), "is whole", shared);
    };
  });
}

void add_restore(CLI::App& eunomia, environment& shared) {
  CLI::App* command = eunomia.add_subcommand(
      "restore", "Bring a backup back into an empty data directory, and erase again who was erased since");
  auto folder = std::make_shared<std::filesystem::path>();
  auto to = std::make_shared<backup::target>();
  command->add_option("folder", *folder, "The backup")->required();
  command->add_option("--keys", to->keys,
                      "The folder with the keyring and the ledger of erasures (default: keys in the data directory)");
  command->add_flag("--without-ledger", to->without_ledger,
                    "Restore although the ledger of erasures is missing or old: people who were erased since are back");
  command->callback(
      [folder, to, &shared] { shared.action = [folder, to, &shared] { restore(*folder, *to, shared); }; });
}

}  // namespace eunomia::app
