#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/job.h"
#include "object/object_store.h"
#include "subject/custody/custodian.h"
#include "subject/erasure/byte_scan.h"

// Reading every object for texts, as the disk is read for an erasure.
namespace eunomia::object {

// How objects are named to others: "s3://bucket/key", with what is looked for hidden where it stands in the key.
class place_names {
 public:
  explicit place_names(const subject::needles& wanted) : wanted_(wanted) {}
  std::string of(const bucket_record& bucket, std::string_view key) const;

 private:
  const subject::needles& wanted_;
};

// An object, or an upload in parts, in which something was found.
struct found_in {
  bucket_record bucket;
  std::string key;
  std::int64_t id = 0;      // of the object
  std::string upload = {};  // its token; empty: it is an object
};

// As subject::custodian::search. finds: where something was found that is not excused.
subject::searched_places search_objects(const object_store& objects, const subject::needles& wanted,
                                        const std::function<bool(std::string_view, std::size_t)>& excused,
                                        core::job& job, std::vector<found_in>& finds);
// Whether it was replaced or removed since.
bool is_gone(const object_store& objects, const found_in& one);

// Nothing where it was removed meanwhile.
std::unique_ptr<object_reader> opened(const object_store& objects, const object_store::placed_object& one);
bool is_gzip(object_reader& of);
// To the end; how many bytes.
std::uint64_t read_all(content& from, const core::job& job, const std::function<void(core::bytes_view)>& take);

}  // namespace eunomia::object
