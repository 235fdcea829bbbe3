#pragma once

#include "object/object_store.h"
#include "wire/personalize/house.h"

namespace eunomia::wire::personalize {

// The files of our own object store, which must outlive it.
class stored_files final : public object_files {
 public:
  explicit stored_files(object::object_store& objects) : objects_(objects) {}

  std::vector<std::string> keys(const std::string& bucket, std::string_view prefix) override;
  void fetch(const std::string& bucket, const std::string& key, const std::filesystem::path& into) override;
  void put(const std::string& bucket, const std::string& key, const std::filesystem::path& from,
           std::string_view type) override;
  std::string outside(const std::string&) const override { return {}; }

 private:
  object::object_store& objects_;
};

}  // namespace eunomia::wire::personalize
