#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/gdprbench/personal_record.h"
#include "core/subject_handle.h"
#include "store/sql/database.h"

namespace eunomia::gdprbench {

// How the metadata of records rest.
enum class layout {
  // A record names its policy, a row that all records of equal metadata share: a change of what one purpose means is a
  // change of one row or few, however many records it is about.
  by_reference,
  // Each record's row has its own copy: a change touches every one. What other stores are compared by.
  materialised
};

// The records in SQL, one statement per intent. Nothing here is indexed but by number and lookup: everything else is
// found in memory (record_index.h).
//
//   by_reference    personal_record(id, lookup, subject, collected_at, sealed, policy) and policy(id, ttl, pur, ...)
//   materialised    whole_record(id, lookup, subject, collected_at, sealed, ttl, pur, ...)
class record_tables {
 public:
  struct stored_record {
    std::int64_t id = 0;
    std::string_view lookup;
    core::subject_handle about;
    std::int64_t collected_at = 0;
    std::int64_t policy = 0;                // by_reference
    std::shared_ptr<const metadata> means;  // materialised
  };
  struct new_record {
    std::int64_t id = 0;
    std::string lookup;
    core::subject_handle about;
    std::int64_t collected_at = 0;
    std::string sealed;
    std::int64_t policy = 0;
    std::shared_ptr<const metadata> means;
  };

  static std::span<const store::sql::migration> migrations();

  explicit record_tables(layout how) : how_(how) {}
  layout how() const { return how_; }

  void each_policy(store::sql::connection& in,
                   const std::function<void(std::int64_t id, std::shared_ptr<const metadata>)>& visit) const;
  void each_record(store::sql::connection& in, const std::function<void(const stored_record&)>& visit) const;

  void insert(store::sql::transaction& in, std::span<const new_record> records) const;
  std::string sealed(store::sql::connection& in, std::int64_t id) const;
  // The sealed data of many, by id.
  void each_sealed(store::sql::connection& in, std::span<const std::int64_t> ids,
                   const std::function<void(std::int64_t id, std::string_view sealed)>& visit) const;
  // Whether the table itself has such a record.
  bool has(store::sql::connection& in, std::string_view lookup) const;
  void set_sealed(store::sql::transaction& in, std::int64_t id, core::subject_handle about,
                  std::string_view sealed) const;
  // The records now have that policy, or those metadata.
  void set_metadata(store::sql::transaction& in, std::span<const std::int64_t> ids, std::int64_t policy,
                    const metadata& means) const;
  // The records' one attribute has a new value; materialised.
  void set_attribute(store::sql::transaction& in, std::span<const std::int64_t> ids, attribute which,
                     const metadata& means) const;
  std::uint64_t erase(store::sql::transaction& in, std::span<const std::int64_t> ids) const;

  // by_reference.
  void insert_policy(store::sql::transaction& in, std::int64_t id, const metadata& means) const;
  void redefine_policy(store::sql::transaction& in, std::int64_t id, const metadata& means) const;
  void erase_policy(store::sql::transaction& in, std::int64_t id) const;

 private:
  std::string_view table() const { return how_ == layout::by_reference ? "personal_record" : "whole_record"; }

  layout how_;
};

}  // namespace eunomia::gdprbench
