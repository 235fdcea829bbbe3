// eunomia audit verify and list: the log of who did what to whose data.

#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <vector>

#include "app/commands.h"
#include "app/data_directory.h"
#include "app/public_keys.h"
#include "app/remote.h"
#include "app/text_table.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "subject/audit/certificate.h"
#include "subject/audit/plain_text.h"
#include "wire/api/audit.h"
#include "wire/api/jobs.h"

namespace eunomia::app {

namespace {

using wire::api::audit_entry_view;
using wire::api::audit_page;
using wire::api::audit_question;
using wire::api::audit_verification;
using wire::api::new_audit_verification;

struct verify_flags {
  std::filesystem::path public_key;  // empty: below the data directory
  std::vector<std::filesystem::path> certificates;
};

constexpr std::string_view entries_route = "/api/v1/audit/entries";
constexpr std::string_view verifications_route = "/api/v1/audit/verifications";

std::vector<std::string> read_certificates(const std::vector<std::filesystem::path>& files) {
  std::vector<std::string> texts;
  texts.reserve(files.size());
  for (const std::filesystem::path& file : files) {
    texts.push_back(core::read_file(file, subject::max_certificate_bytes));
  }
  return texts;
}

std::string sentence_of(const audit_verification& row) {
  std::string text = fmt::format("The audit log {} is whole: {} entries, {} signed checkpoints", row.log,
                                 grouped(static_cast<std::uint64_t>(row.entries)), row.checkpoints);
  if (row.certificates > 0) {
    text += fmt::format(", {} certificates met", row.certificates);
  }
  text += row.last_signed_at ? fmt::format(".\nSigned up to entry {}, on {}.", row.last_signed, *row.last_signed_at)
                             : std::string(".\nNothing of it is signed.");
  text += fmt::format("\nBehind that, {} entries are protected by the chain only.", row.unsigned_entries);
  return text;
}

audit_verification verified_here(const verify_flags& flags, environment& shared) {
  data_directory data(shared);
  const std::vector<core::public_key> keys =
      read_public_keys(flags.public_key.empty() ? shared.data / public_keys_file : flags.public_key);
  const auto order = wire::api::order_of(read_certificates(flags.certificates), keys, data.audit());
  return wire::api::verify_audit(data.audit(), order, keys, shared.job());
}

audit_verification verified_remotely(const verify_flags& flags, environment& shared) {
  if (!flags.public_key.empty()) {
    throw core::error(core::errc::invalid_argument,
                      "--public-key is for a data directory: a server holds its log against its own keys");
  }
  const new_audit_verification wanted{read_certificates(flags.certificates)};
  remote server(shared);
  const auto job = server.post<wire::api::job_view>(std::string(verifications_route), core::write_json(wanted));
  return core::read_json<audit_verification>(server.wait_for_job(job.id));
}

void verify(const verify_flags& flags, environment& shared) {
  const audit_verification done =
      shared.server.empty() ? verified_here(flags, shared) : verified_remotely(flags, shared);
  shared.print(shared.json ? core::write_json(done, 2) : sentence_of(done));
}

// What somebody wrote into the table past the log must not command a terminal.
std::string printable(const std::string& text) {
  return subject::is_plain_text(text) ? text : core::write_json(text);
}

audit_page asked_remotely(const audit_question& wanted, environment& shared) {
  std::string target = fmt::format("{}?after={}&limit={}", entries_route, wanted.after, wanted.limit);
  for (const auto& [name, value] : {std::pair("subject", wanted.subject), std::pair("action", wanted.action)}) {
    if (!value.empty()) {
      target += fmt::format("&{}={}", name, segment(value));
    }
  }
  return core::read_json<audit_page>(remote(shared).get(target));
}

void list(const audit_question& wanted, environment& shared) {
  const audit_page page = shared.server.empty() ? wire::api::page_of(data_directory(shared).audit(), wanted)
                                                : asked_remotely(wanted, shared);
  if (shared.json) {
    shared.print(core::write_json(page, 2));
    return;
  }
  text_table table({"entry", "at", "actor", "action", "subject", "details"});
  for (const audit_entry_view& entry : page.entries) {
    table.add({std::to_string(entry.sequence), entry.at, printable(entry.actor), printable(entry.action),
               entry.subject ? printable(*entry.subject) : "-", printable(core::write_json(entry.details))});
  }
  shared.print(table.str() + (page.next_after ? fmt::format("more: --after {}\n", *page.next_after) : ""));
}

}  // namespace

void add_audit(CLI::App& eunomia, environment& shared) {
  CLI::App* audit = eunomia.add_subcommand("audit", "The log of who did what to whose data");
  audit->require_subcommand(1);

  auto verifying = std::make_shared<verify_flags>();
  CLI::App* verify_command = audit->add_subcommand("verify", "Whether the log is as it was recorded, from end to end");
  verify_command->add_option("--public-key", verifying->public_key,
                             "File of the server's public keys; best a copy kept elsewhere (default: keys/signing.pub "
                             "in the data directory)");
  verify_command->add_option("--certificate", verifying->certificates,
                             "A certificate whose entry must be in the log (repeatable)");
  verify_command->callback(
      [verifying, &shared] { shared.action = [verifying, &shared] { verify(*verifying, shared); }; });

  auto listing = std::make_shared<audit_question>();
  CLI::App* list_command = audit->add_subcommand("list", "A page of entries, oldest first");
  list_command->add_option("--after", listing->after, "Entries behind this one")->capture_default_str();
  list_command->add_option("--limit", listing->limit, "Entries of a page, at most 1000")->capture_default_str();
  list_command->add_option("--subject", listing->subject, "Only about this pseudonym, 32 hexadecimal digits");
  list_command->add_option("--action", listing->action, "Only this action, such as erasure.completed");
  list_command->callback([listing, &shared] { shared.action = [listing, &shared] { list(*listing, shared); }; });
}

}  // namespace eunomia::app
