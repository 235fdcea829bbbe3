// eunomia audit verify and list: the log of who did what to whose data.

#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <vector>

#include "app/commands.h"
#include "app/data_directory.h"
#include "app/public_keys.h"
#include "app/text_table.h"
#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/time.h"
#include "subject/audit/audit_log.h"
#include "subject/audit/certificate.h"
#include "subject/audit/plain_text.h"

namespace eunomia::app {

namespace {

struct verify_flags {
  std::filesystem::path public_key;  // empty: below the data directory
  std::vector<std::filesystem::path> certificates;
};

struct list_flags {
  std::int64_t after = 0;
  std::size_t limit = 100;
  std::string subject;
  std::string action;
};

struct verification_row {
  bool valid = true;
  std::string log;
  std::int64_t entries = 0;
  std::string hash;
  std::int64_t checkpoints = 0;
  std::int64_t last_signed = 0;
  std::optional<std::string> last_signed_at;
  std::int64_t unsigned_entries = 0;
  std::uint64_t certificates = 0;
};
BOOST_DESCRIBE_STRUCT(verification_row, (),
                      (valid, log, entries, hash, checkpoints, last_signed, last_signed_at, unsigned_entries,
                       certificates))

struct entry_row {
  std::int64_t sequence = 0;
  std::string at;
  std::string actor;
  std::string action;
  std::optional<std::string> subject;
  core::json_value details;
  std::string hash;
};
BOOST_DESCRIBE_STRUCT(entry_row, (), (sequence, at, actor, action, subject, details, hash))

struct entry_list {
  std::vector<entry_row> entries;
  std::optional<std::int64_t> next_after;
};
BOOST_DESCRIBE_STRUCT(entry_list, (), (entries, next_after))

void refuse_server(const environment& shared) {
  if (!shared.server.empty()) {
    throw core::error(core::errc::invalid_argument,
                      "the audit commands read the data directory themselves: stop the server, leave --server out and "
                      "name --data");
  }
}

std::vector<subject::audit_anchor> anchors_of(const verify_flags& flags, const std::vector<core::public_key>& keys,
                                              const subject::audit_log& log) {
  std::vector<subject::audit_anchor> anchors;
  for (const std::filesystem::path& file : flags.certificates) {
    const std::string bytes = core::read_file(file, subject::max_certificate_bytes);
    anchors.push_back(subject::anchor_of(subject::verify_certificate(bytes, keys).content, log));
  }
  return anchors;
}

std::string sentence_of(const verification_row& row) {
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

void verify(const verify_flags& flags, environment& shared) {
  refuse_server(shared);
  data_directory data(shared);
  const std::vector<core::public_key> keys =
      read_public_keys(flags.public_key.empty() ? shared.data / public_keys_file : flags.public_key);
  const subject::audit_log& log = data.audit();
  const std::vector<subject::audit_anchor> anchors = anchors_of(flags, keys, log);
  const subject::audit_report report = log.verify(keys, shared.job(), anchors);
  verification_row row{.log = report.log_id,
                       .entries = report.entries,
                       .hash = core::to_hex(report.hash),
                       .checkpoints = report.checkpoints,
                       .last_signed = report.last_signed,
                       .last_signed_at = {},
                       .unsigned_entries = report.unsigned_entries,
                       .certificates = anchors.size()};
  if (report.checkpoints > 0) {
    row.last_signed_at = core::format_iso8601(report.last_signed_at_ms);
  }
  shared.print(shared.json ? core::write_json(row, 2) : sentence_of(row));
}

// What somebody wrote into the table past the log must not command a terminal.
std::string printable(const std::string& text) {
  return subject::is_plain_text(text) ? text : core::write_json(text);
}

core::json_value json_of(const std::string& details) {
  try {
    return core::parse_json(details);
  } catch (const core::error&) {
    return core::json_value::of_string(details);  // altered: shown as it is, and named by verify
  }
}

void list(const list_flags& flags, environment& shared) {
  refuse_server(shared);
  subject::audit_filter wanted{.after = flags.after, .limit = flags.limit, .about = {}, .action = flags.action};
  if (!flags.subject.empty()) {
    wanted.about = subject::pseudonym::from_text(flags.subject);
  }
  data_directory data(shared);
  const auto found = data.audit().entries(wanted);
  entry_list rows;
  text_table table({"entry", "at", "actor", "action", "subject", "details"});
  for (const subject::recorded_audit_entry& entry : found) {
    const std::string at = core::format_iso8601(entry.at_ms);
    table.add({std::to_string(entry.sequence), at, printable(entry.actor), printable(entry.action),
               entry.subject.empty() ? "-" : printable(entry.subject), printable(entry.details)});
    rows.entries.push_back({entry.sequence, at, entry.actor, entry.action,
                            entry.subject.empty() ? std::nullopt : std::optional(entry.subject), json_of(entry.details),
                            core::to_hex(entry.hash)});
  }
  if (found.size() == wanted.limit) {
    rows.next_after = found.back().sequence;
  }
  if (shared.json) {
    shared.print(core::write_json(rows, 2));
  } else {
    shared.print(table.str() + (rows.next_after ? fmt::format("more: --after {}\n", *rows.next_after) : ""));
  }
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

  auto listing = std::make_shared<list_flags>();
  CLI::App* list_command = audit->add_subcommand("list", "A page of entries, oldest first");
  list_command->add_option("--after", listing->after, "Entries behind this one")->capture_default_str();
  list_command->add_option("--limit", listing->limit, "Entries of a page, at most 1000")->capture_default_str();
  list_command->add_option("--subject", listing->subject, "Only about this pseudonym, 32 hexadecimal digits");
  list_command->add_option("--action", listing->action, "Only this action, such as erasure.completed");
  list_command->callback([listing, &shared] { shared.action = [listing, &shared] { list(*listing, shared); }; });
}

}  // namespace eunomia::app
