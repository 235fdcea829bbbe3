#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/error.h"
#include "store/sql/database.h"
#include "subject/directory.h"

namespace eunomia::bench {

// What a store has that seals nothing: identifiers in the clear in a table with an index, all of them in memory too,
// and no key for anybody. One space; what events and answers need, and nothing else.
class plain_directory final : public subject::durable_directory {
 public:
  explicit plain_directory(store::sql::database& in) {
    static constexpr store::sql::migration step[] = {
        {"plain_directory", 1,
         "CREATE TABLE plain_identifier (identifier {text} PRIMARY KEY, subject BIGINT NOT NULL)"}};
    in.migrate(step);
  }

  std::optional<core::subject_handle> find(std::string_view, std::string_view raw) const override {
    const std::shared_lock lock(mutex_);
    const auto found = known_.find(std::string(raw));
    return found == known_.end() ? std::nullopt : std::optional(found->second);
  }
  std::vector<core::subject_handle> find_all(std::string_view space,
                                             std::span<const std::string_view> raw) const override {
    std::vector<core::subject_handle> handles;
    for (const std::string_view one : raw) {
      handles.push_back(find(space, one).value_or(core::subject_handle()));
    }
    return handles;
  }
  std::unique_ptr<subject::enrolment> enrol(std::string_view) override { return std::make_unique<newcomers>(*this); }

  std::vector<core::subject_handle> resolve(std::string_view, std::span<const std::string_view>) override { no(); }
  std::optional<std::string> identifier_of(std::string_view, core::subject_handle) const override { no(); }
  std::vector<std::optional<std::string>> identifiers_of(std::string_view,
                                                         std::span<const core::subject_handle>) const override {
    no();
  }
  std::uint64_t count(std::string_view) const override { no(); }
  std::vector<subject::named_identifier> known_by(core::subject_handle) const override { no(); }
  std::vector<core::subject_handle> everybody(store::sql::connection&) const override { no(); }
  bool link(store::sql::transaction&, std::string_view, std::string_view, core::subject_handle) override { no(); }
  void rename(store::sql::transaction&, std::string_view, core::subject_handle, std::string_view,
              std::string_view) override {
    no();
  }
  bool erase(store::sql::transaction&, core::subject_handle) override { no(); }
  subject::identity_traces traces_of(store::sql::connection&, std::span<const core::subject_handle>) const override {
    no();
  }
  void withhold(store::sql::transaction&, std::int64_t, std::span<const subject::identifier_trace>,
                std::int64_t) override {
    no();
  }
  std::vector<bool> withheld(std::string_view, std::span<const std::string_view>) const override { no(); }
  void let_go(store::sql::transaction&, std::int64_t) override { no(); }
  core::subject_handle new_handle(store::sql::transaction&) override { no(); }

 private:
  class newcomers final : public subject::enrolment {
   public:
    explicit newcomers(plain_directory& in) : in_(in) {}
    void resolve(std::span<const std::string_view> raw, std::span<core::subject_handle> handles) override {
      for (std::size_t i = 0; i < raw.size(); ++i) {
        if (const auto known = in_.find({}, raw[i])) {
          handles[i] = *known;
          continue;
        }
        const std::unique_lock lock(in_.mutex_);
        const auto [at, is_new] = in_.known_.try_emplace(std::string(raw[i]), in_.next_);
        if (is_new) {
          ++in_.next_value_;
          in_.next_ = core::subject_handle(in_.next_value_);
          added_.emplace_back(at->first, at->second);
        }
        handles[i] = at->second;
      }
    }
    // Nothing that is measured seals rows.
    core::data_keys keys_of(std::span<const core::subject_handle>) const override { no(); }
    std::uint64_t added() const override { return added_.size(); }
    void record(store::sql::transaction& in) override {
      std::vector<std::string_view> identifiers;
      std::vector<std::int64_t> subjects;
      for (const auto& [identifier, subject] : added_) {
        identifiers.push_back(identifier);
        subjects.push_back(static_cast<std::int64_t>(subject.value()));
      }
      in.insert_many("plain_identifier", {{"identifier", std::span<const std::string_view>(identifiers)},
                                          {"subject", std::span<const std::int64_t>(subjects)}});
    }

   private:
    plain_directory& in_;
    std::vector<std::pair<std::string, core::subject_handle>> added_;
  };

  [[noreturn]] static void no() { throw core::error(core::errc::internal, "the plain directory has no such thing"); }

  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, core::subject_handle> known_;
  std::uint64_t next_value_ = 1;
  core::subject_handle next_{1};
};

}  // namespace eunomia::bench
