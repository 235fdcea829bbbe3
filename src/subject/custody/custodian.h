#pragma once

#include <boost/describe.hpp>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/subject_handle.h"
#include "subject/custody/custody_context.h"

// Who answers for what rests where. Every module that stores something has a custodian that says so, of data that is
// about nobody too: so that a table or a folder of which nobody said anything is a mistake that a test finds, and not
// something that an erasure forgets.
namespace eunomia::subject {

enum class store_kind {
  sql_table,    // of the database
  table,        // of the table store: Parquet under blobs/tables/, in buckets by subject
  blob_prefix,  // keys of the blob store that begin so, below DIR/blobs
  folder,       // of the data directory
  file,         // of the data directory
  memory        // of the process
};
BOOST_DESCRIBE_ENUM(store_kind, sql_table, table, blob_prefix, folder, file, memory)

enum class data_about {
  data_subjects,  // people whom a handle or an identifier names
  operators,      // those who run the house or call it: owners of tokens
  nobody
};
BOOST_DESCRIBE_ENUM(data_about, data_subjects, operators, nobody)

// One place where data rest.
struct holding {
  store_kind kind = store_kind::sql_table;
  std::string place;  // the table, the prefix or the path as it is written there
  data_about about = data_about::nobody;
  std::string what;                     // a sentence
  std::vector<std::string> categories;  // of personal data: "identifiers", "interactions"; empty when about nobody
  // About data subjects: the purposes for which it may be read; empty when it serves no purpose of the controller's own
  // but what the law asks (an index to find somebody, a request to erase).
  std::vector<std::string> purposes;
  std::string retention;  // how long it stays
  std::string erasure;    // what becomes of it when somebody is erased; empty when about nobody
  // About data subjects: why who asks for their data is handed nothing of this place, in words for them; empty: they
  // are, by custodian::collect. It is a copy of what another place has, or passes before anybody could read it.
  std::string not_handed_over = {};
};
BOOST_DESCRIBE_STRUCT(holding, (), (kind, place, about, what, categories, purposes, retention, erasure))

class collector;

// What one module stores.
class custodian {
 public:
  virtual ~custodian() = default;

  virtual std::string_view name() const = 0;  // "recommend"
  // As it is now: datasets come and go.
  virtual std::vector<holding> describe() const = 0;

  // Tells everything that is held of one person in the places it describes as about data subjects, but for those that
  // say why not (GDPR Art. 15 and 20). Reads for core::purpose::rights_of_the_data_subject(): nobody's choice stands
  // against it. Rows are told in an order that depends on what is held only.
  virtual void collect(core::subject_handle who, const custody_context& with, collector& into) const = 0;
};

// A custodian for places that are always the same and of which nobody is handed anything: about nobody, about
// operators, or with a holding::not_handed_over. A place that holds something of people needs somebody who reads it for
// them; a list of places cannot, so errc::internal for one that says neither.
std::unique_ptr<custodian> make_custodian(std::string name, std::vector<holding> holdings);

struct held {
  std::string custodian;
  holding what;
};

// All custodians of a house.
class custodians {
 public:
  // Throws errc::already_exists for a name that is there.
  void add(std::unique_ptr<custodian> one);

  // Everything that is held, by custodian in the order in which they came. Throws errc::internal when two say that they
  // own a place, or one does not say what a reader of the inventory must know.
  std::vector<held> inventory() const;

  // In the order in which they came.
  std::span<const std::unique_ptr<custodian>> all() const { return all_; }

 private:
  std::vector<std::unique_ptr<custodian>> all_;
};

}  // namespace eunomia::subject
