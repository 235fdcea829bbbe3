// eunomia certificate verify: the proof of an erasure, held against the public key of who gave it. Opens no data
// directory and no connection.

#include <fmt/format.h>

#include <filesystem>
#include <string>

#include "app/commands.h"
#include "app/public_keys.h"
#include "app/text_table.h"
#include "core/file.h"
#include "core/json.h"
#include "subject/audit/certificate.h"

namespace eunomia::app {

namespace {

struct certificate_row {
  bool valid = true;
  std::string key_id;
  subject::certificate certificate;
};
BOOST_DESCRIBE_STRUCT(certificate_row, (), (valid, key_id, certificate))

std::string name_of(subject::certified_right right) {
  return boost::describe::enum_to_string(right, "");
}

std::string level_of(const subject::certificate_step& step) {
  if (!step.level) {
    return "-";
  }
  std::string text = boost::describe::enum_to_string(*step.level, "");
  if (step.distance_parts_per_billion) {
    text += fmt::format(" ({} parts per billion)", *step.distance_parts_per_billion);
  }
  if (step.until) {
    text += " (until " + *step.until + ")";
  }
  return text;
}

std::string sentences_of(const certificate_row& row) {
  const subject::certificate& c = row.certificate;
  std::string text = fmt::format(
      "Valid: signed with the key {}.\n\n{} {} of {} people at {}\nrequested {}, completed {}, deadline {}\n\n",
      row.key_id, name_of(c.request.right), c.request.request, grouped(c.request.people), c.request.installation,
      c.request.requested_at, c.request.completed_at, c.request.deadline);
  text_table steps({"custodian", "what", "store", "level", "count", "ms", "details"});
  for (const subject::certificate_step& step : c.steps) {
    steps.add({step.custodian, step.what, step.store, level_of(step), grouped(step.count), grouped(step.milliseconds),
               step.details});
  }
  text += steps.str();
  text += fmt::format("\nVerified by {}: {} files, {} bytes, {} tables; found {}\n", c.verification.method,
                      grouped(c.verification.files_read), grouped(c.verification.bytes_read),
                      grouped(c.verification.tables_queried), grouped(c.verification.found));
  text += fmt::format("Recorded by entry {} of the audit log {}\n", c.audit.sequence, c.audit.log);
  for (const std::string& remark : c.remarks) {
    text += "Remark: " + remark + "\n";
  }
  return text;
}

void verify(const std::filesystem::path& file, const std::filesystem::path& public_key, const environment& shared) {
  const auto keys = read_public_keys(public_key);
  const auto verified = subject::verify_certificate(core::read_file(file, subject::max_certificate_bytes), keys);
  const certificate_row row{true, verified.signed_by.id(), verified.content};
  shared.print(shared.json ? core::write_json(row, 2) : sentences_of(row));
}

}  // namespace

void add_certificate(CLI::App& eunomia, environment& shared) {
  CLI::App* certificate = eunomia.add_subcommand("certificate", "Proofs of what was done for a person's request");
  certificate->require_subcommand(1);

  auto file = std::make_shared<std::filesystem::path>();
  auto public_key = std::make_shared<std::filesystem::path>();
  CLI::App* verifying = certificate->add_subcommand("verify", "Whether a certificate is genuine, offline");
  verifying->add_option("file", *file, "The certificate")->required();
  verifying->add_option("--public-key", *public_key, "File of the public keys of the server that signed")->required();
  verifying->callback([file, public_key, &shared] {
    shared.action = [file, public_key, &shared] { verify(*file, *public_key, shared); };
  });
}

}  // namespace eunomia::app
