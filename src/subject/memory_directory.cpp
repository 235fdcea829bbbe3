#include <algorithm>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>

#include "subject/directory.h"
#include "subject/directory_checks.h"
#include "subject/identifier_map.h"

namespace eunomia::subject {

namespace {

class memory_directory final : public directory {
 public:
  std::optional<core::subject_handle> find(std::string_view space, std::string_view raw) const override {
    const core::subject_handle found = find_all(space, std::span(&raw, 1)).front();
    return found == core::subject_handle() ? std::nullopt : std::optional(found);
  }

  std::vector<core::subject_handle> find_all(std::string_view space,
                                             std::span<const std::string_view> raw) const override {
    check_space(space);
    std::vector<core::subject_handle> handles(raw.size());
    const std::shared_lock lock(mutex_);
    const auto known = spaces_.find(space);
    if (known != spaces_.end()) {
      known->second.find(raw, handles);
    }
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (handles[i] == core::subject_handle()) {
        check_identifier(space, raw[i]);
      }
    }
    return handles;
  }

  std::vector<core::subject_handle> resolve(std::string_view space, std::span<const std::string_view> raw) override {
    std::vector<core::subject_handle> handles = find_all(space, raw);
    const core::subject_handle nobody;
    if (std::ranges::find(handles, nobody) == handles.end()) {
      return handles;
    }
    const std::unique_lock lock(mutex_);
    identifier_map& known = spaces_[std::string(space)];
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (handles[i] == nobody) {
        handles[i] = known.find(raw[i]);
      }
      if (handles[i] == nobody) {
        handles[i] = core::subject_handle(owners_.size() + 1);
        owners_.push_back({&known, known.insert(raw[i], handles[i])});
      }
    }
    return handles;
  }
  using directory::resolve;

  std::optional<std::string> identifier_of(std::string_view space, core::subject_handle subject) const override {
    return identifiers_of(space, std::span(&subject, 1)).front();
  }

  std::vector<std::optional<std::string>> identifiers_of(
      std::string_view space, std::span<const core::subject_handle> subjects) const override {
    check_space(space);
    std::vector<std::optional<std::string>> found(subjects.size());
    const std::shared_lock lock(mutex_);
    const auto known = spaces_.find(space);
    for (std::size_t i = 0; known != spaces_.end() && i < subjects.size(); ++i) {
      const std::uint64_t number = subjects[i].value();
      if (number >= 1 && number <= owners_.size() && owners_[number - 1].space == &known->second) {
        found[i] = known->second.identifier(owners_[number - 1].position);
      }
    }
    return found;
  }

  std::uint64_t count(std::string_view space) const override {
    check_space(space);
    const std::shared_lock lock(mutex_);
    const auto known = spaces_.find(space);
    return known == spaces_.end() ? 0 : known->second.size();
  }

 private:
  struct owner {
    const identifier_map* space;
    std::size_t position;
  };

  mutable std::shared_mutex mutex_;
  std::map<std::string, identifier_map, std::less<>> spaces_;
  std::vector<owner> owners_;  // of handle 1, 2, ...
};

}  // namespace

std::unique_ptr<directory> make_memory_directory() {
  return std::make_unique<memory_directory>();
}

}  // namespace eunomia::subject
