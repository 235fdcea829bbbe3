#include "bench/gdprbench/eunomia_store.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "bench/gdprbench/personal_records.h"
#include "core/error.h"
#include "core/job.h"
#include "core/sign.h"
#include "core/temporary_directory.h"
#include "subject/vault/vault.h"

namespace eunomia::gdprbench {

namespace {

std::uint64_t bytes_below(const std::filesystem::path& folder) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    bytes += entry.is_regular_file() ? entry.file_size() : 0;
  }
  return bytes;
}

class eunomia_store final : public store_under_test {
 public:
  explicit eunomia_store(const workload_parameters& of)
      : parameters_(of),
        source_(of),
        database_(store::sql::database::open((folder_.path() / "eunomia.db").string())),
        keys_(subject::open_vault(*database_, folder_.path() / "keys")) {
    database_->migrate(subject::directory_migrations());
    people_ = subject::open_directory(*database_, keys_);
    log_ = std::make_unique<subject::audit_log>(*database_);
    records_ = std::make_unique<personal_records>(
        *database_, *keys_, *people_, *log_, folder_.path() / "records.journal", subject::actor::token("gdprbench"));
  }

  void load() override {
    // Handles are given in the order of first sight, from 1 on.
    std::vector<std::string> raw;
    for (std::uint64_t person = 0; person < parameters_.people; ++person) {
      raw.push_back(source_.value(attribute::subject, person));
    }
    const std::vector<std::string_view> views(raw.begin(), raw.end());
    const auto handles = people_->resolve("user", views);
    for (std::uint64_t person = 0; person < parameters_.people; ++person) {
      if (handles[person] != core::subject_handle(person + 1)) {
        throw core::error(core::errc::internal, "the directory of a new database does not count people from 1");
      }
    }
    std::vector<personal_record> some;
    for (std::uint64_t key = 0; key < parameters_.records; ++key) {
      some.push_back(source_.record({key, 0}));
      if (some.size() == max_inserted_records || key + 1 == parameters_.records) {
        records_->insert(some, load_time);
        some.clear();
      }
    }
    records_->save();
  }

  answer perform(const workload_operation& asked) override {
    switch (asked.what) {
      case action::insert: {
        const personal_record one = source_.record(asked.record);
        records_->insert(std::span(&one, 1), asked.at);
        return {1, 0};
      }
      case action::replace: return {records_->replace(source_.record(asked.record), asked.at) ? 1U : 0U, 0};
      case action::update_data:
        return {records_->update_data(asked.where.value, source_.data(asked.record), asked.at) ? 1U : 0U, 0};
      case action::update_metadata: return {records_->update_metadata(asked.where, asked.change, asked.at), 0};
      case action::erase: return {records_->erase(asked.where, asked.at), 0};
      case action::erase_expired: return {records_->erase_expired(asked.at).remaining, 0};
      case action::read_data: return in_short(records_->read_data(asked.where, asked.at));
      case action::read_metadata: return in_short(records_->read_metadata(asked.where, asked.at));
      case action::read_log: return in_short(records_->system_logs(asked.log_entries));
      case action::verify_erased: return {records_->verify_erased(asked.where.value, asked.at) ? 1U : 0U, 0};
    }
    return {};
  }

  void settle() override { records_->save(); }

  std::uint64_t lookup_of(std::string_view key) const override {
    return digest_of_text(keys_->lookup_of("record", key));
  }

  // The logs hold only what is in the database file too once it was moved there.
  std::uint64_t total_bytes() override {
    records_->save();
    return bytes_below(folder_.path());
  }

  std::uint64_t verified_audit_entries() override {
    records_->save();
    const core::signing_key key(keys_->keys().signing_seed());
    log_->sign_head(key);
    core::job job;
    return static_cast<std::uint64_t>(log_->verify(std::array{key.public_half()}, job).entries);
  }

 private:
  static answer in_short(const std::vector<record_content>& found) {
    answer made{found.size(), 0};
    for (const auto& one : found) {
      made.digest += digest_of_data(one.key, one.data);
    }
    return made;
  }

  static answer in_short(const personal_records::found_metadata& found) {
    std::vector<std::uint64_t> means;
    for (const auto& policy : found.policies) {
      means.push_back(digest_of_text(text_of_metadata(*policy)));
    }
    answer made{found.records.size(), 0};
    for (const auto& one : found.records) {
      made.digest +=
          digest_of_record(digest_of_text(text_of(one.lookup)), one.about.value(), one.collected_at, means[one.policy]);
    }
    return made;
  }

  // A gap in the sequence is no answer.
  static answer in_short(const audit_page& found) {
    bool has_gap = false;
    std::int64_t last = found.empty() ? 0 : found.front().sequence - 1;
    found.each([&](const subject::recorded_audit_entry& one) { has_gap = one.sequence != ++last || has_gap; });
    return has_gap ? answer{} : answer{found.size(), static_cast<std::uint64_t>(last)};
  }

  const workload_parameters parameters_;
  const record_source source_;
  const core::temporary_directory folder_;
  const std::unique_ptr<store::sql::database> database_;
  const std::shared_ptr<subject::vault> keys_;
  std::unique_ptr<subject::durable_directory> people_;
  std::unique_ptr<subject::audit_log> log_;
  std::unique_ptr<personal_records> records_;
};

}  // namespace

std::unique_ptr<store_under_test> make_eunomia_store(const workload_parameters& of) {
  return std::make_unique<eunomia_store>(of);
}

}  // namespace eunomia::gdprbench
