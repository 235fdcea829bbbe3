#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// What an archive says of itself: index.json is this, and index.html the same in plain words.
namespace eunomia::subject {

enum class archive_scope {
  access,      // everything that is held (GDPR Art. 15)
  portability  // what the person provided and what was observed of them, to take elsewhere (Art. 20)
};
BOOST_DESCRIBE_ENUM(archive_scope, access, portability)

struct indexed_column {
  std::string name;
  std::string type;
  std::string what;
};
BOOST_DESCRIBE_STRUCT(indexed_column, (), (name, type, what))

struct indexed_place {
  std::string store;  // "sql table"
  std::string place;
  std::string what;
  std::string retention;
};
BOOST_DESCRIBE_STRUCT(indexed_place, (), (store, place, what, retention))

struct indexed_part {
  std::string title;
  std::string what;
  std::string custodian;
  std::string origin;
  std::vector<std::string> categories;
  std::vector<std::string> purposes;  // names, see archive_index::purposes; none: no use but what the law asks
  std::vector<indexed_place> places;
  std::vector<std::string> recipients;  // none: none is recorded
  std::uint64_t rows = 0;
  std::vector<indexed_column> columns;
  std::optional<std::string> csv;  // the files in the archive; none without rows
  std::optional<std::string> json;
};
BOOST_DESCRIBE_STRUCT(indexed_part, (),
                      (title, what, custodian, origin, categories, purposes, places, recipients, rows, columns, csv,
                       json))

// A purpose that one of the parts serves, as it is defined now.
struct indexed_purpose {
  std::string name;
  std::string lawful_basis;
  std::optional<std::string> special_categories;  // the letter of Art. 9(2)
  std::optional<std::int64_t> retention_days;
  std::string notice;
  std::int64_t version = 0;
};
BOOST_DESCRIBE_STRUCT(indexed_purpose, (), (name, lawful_basis, special_categories, retention_days, notice, version))

// A place that holds something of people and of which the archive has nothing.
struct indexed_omission {
  indexed_place place;
  std::vector<std::string> categories;
  std::string why;
};
BOOST_DESCRIBE_STRUCT(indexed_omission, (), (place, categories, why))

struct archive_index {
  std::string format = "eunomia-archive";
  std::int64_t version = 1;
  archive_scope scope = archive_scope::access;
  std::string made_at;
  std::vector<indexed_part> parts;
  std::vector<indexed_purpose> purposes;
  std::vector<indexed_omission> omissions;  // of an access archive
};
BOOST_DESCRIBE_STRUCT(archive_index, (), (format, version, scope, made_at, parts, purposes, omissions))

// One page of HTML that needs nothing else: no script, no style, font or picture from elsewhere, links to files of the
// archive only. Every text is escaped and set apart from what stands around it, so that neither markup nor a change of
// the direction of writing leaves it.
std::string index_page(const archive_index& index);

}  // namespace eunomia::subject
