#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/subject_handle.h"
#include "subject/audit/certificate.h"
#include "subject/custody/custody_context.h"
#include "subject/erasure/byte_scan.h"

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
class retention_rules;

// What somebody who is being erased is called.
struct person_name {
  std::string space;
  std::string identifier;
  bool names_others = false;  // it is also the name of something that is no person: custodian::names_of_others
};

// What a custodian found in places that a scan of the disk cannot see into.
struct searched_places {
  byte_scan_report found;            // file: a name that a request may be told; never with a needle in it
  std::vector<std::string> remarks;  // for the certificate
};

// So much of some people rests somewhere.
struct amount_held {
  std::string what;         // "interactions of dataset \"shop\""; names one thing of a custodian
  std::string store;        // as certificate_step::store
  std::uint64_t count = 0;  // rows, or people that a model holds
};
BOOST_DESCRIBE_STRUCT(amount_held, (), (what, store, count))

// While it lives, nothing new is taken in about the people of an erasure that is being asked for.
class erasure_guard {
 public:
  virtual ~erasure_guard() = default;
  // The request is durable, or may be: until custodian::erased(), whatever is derived from rows that are still there
  // (a model that is being trained) loses these people before it is kept.
  virtual void kept() noexcept = 0;
};

// What one module stores, and what it does for the rights of those whom it is about. People are given ascending, each
// once. Safe from any number of threads.
//
// An erasure (subject/erasure/erasures.h) calls, in this order: hold_back, then kept() of the guard when the request is
// durable, leave_memory, and after any number of kills find, erase, erase_named, find again, search, erased; and
// settled until nothing is still to come true. Each may come again, for people of whom nothing is left.
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

  // Null when nothing need be held back.
  virtual std::unique_ptr<erasure_guard> hold_back(std::span<const core::subject_handle> people) = 0;
  // What answers from memory loses them, before their request is answered. Returns what became of each.
  virtual std::vector<certificate_step> leave_memory(std::span<const core::subject_handle> people,
                                                     const custody_context& with) = 0;
  // Looks, where it rests, for how much of them there is: not what memory says of it. Places with nothing are left
  // out.
  virtual std::vector<amount_held> find(std::span<const core::subject_handle> people,
                                        const custody_context& with) const = 0;
  // Everything that can lose them does, also when something else cannot: then it throws that afterwards. Adds to done
  // what was done, before it throws too, and also where nothing was left of them: what as in amount_held, custodian
  // empty.
  virtual void erase(std::span<const core::subject_handle> people, const custody_context& with,
                     std::vector<certificate_step>& done) = 0;
  // Of files that others wrote and that hold texts where the rest of the house has handles: takes out what is theirs,
  // as far as its form says what that is. Adds to done as erase() does, which comes before.
  virtual void erase_named(std::span<const person_name> /*names*/, const custody_context& /*with*/,
                           std::vector<certificate_step>& /*done*/) {}
  // Those of the identifiers of a space by which alone it holds something of somebody, whom the directory does not know
  // yet: who asks to be erased by such a name is enrolled then, and erase_named() is asked for them.
  virtual std::vector<std::string_view> known_by_name_alone(std::string_view /*space*/,
                                                            std::span<const std::string_view> /*identifiers*/) const {
    return {};
  }
  // The same as the bytes are read on the disk, but for what rests sealed or compressed with this custodian. excused:
  // as byte_scan_options has it.
  virtual searched_places search(const needles& /*wanted*/,
                                 const std::function<bool(std::string_view place, std::size_t needle)>& /*excused*/,
                                 const custody_context& /*with*/) const {
    return {};
  }
  // Of what the last search() found, and nobody excused, something was replaced or removed since: another attempt is
  // worth while.
  virtual bool found_is_gone() const { return false; }
  // Those of the identifiers that also name something here which is no person and stays, an item for one: finding such
  // a text says nothing about the person who had it.
  virtual std::vector<std::string> names_of_others(std::span<const std::string> /*identifiers*/) const { return {}; }
  // Whom something of that name (amount_held::what) was disclosed to, a sentence each: they are to be told when it is
  // erased or rectified (Art. 19).
  virtual std::vector<std::string> recipients_of(std::string_view /*what*/) const { return {}; }
  // What a step of erase() that was to come true later (certificate_step::until) has become, without an until; nothing
  // while it has not.
  virtual std::optional<certificate_step> settled(const certificate_step& /*pending*/,
                                                  const custody_context& /*with*/) const {
    return std::nullopt;
  }
  // It is over, and nothing of them is left.
  virtual void erased(std::span<const core::subject_handle> people) noexcept = 0;

  // Takes out what is past its time (subject/retention), and what was learned from it. Everything that can be done is,
  // and it throws afterwards; adds to done as erase() does. Called again it ends what was interrupted.
  virtual void expire(const retention_rules& rules, const custody_context& with,
                      std::vector<certificate_step>& done) = 0;
  // Takes out of the people those of whom something rests here that has a time of its own: who is in no custodian's
  // keeping leaves the directory.
  virtual void leave_out_held(std::vector<core::subject_handle>& people, const custody_context& with) const = 0;
};

// One that has nothing to erase, and nothing that grows old by itself: what it holds is about nobody or operators, goes
// with the request or the work that it serves, or is erased by what erases (erasures).
class nothing_to_erase : public custodian {
 public:
  std::unique_ptr<erasure_guard> hold_back(std::span<const core::subject_handle>) final { return nullptr; }
  std::vector<certificate_step> leave_memory(std::span<const core::subject_handle>, const custody_context&) final {
    return {};
  }
  std::vector<amount_held> find(std::span<const core::subject_handle>, const custody_context&) const final {
    return {};
  }
  void erase(std::span<const core::subject_handle>, const custody_context&, std::vector<certificate_step>&) final {}
  void erased(std::span<const core::subject_handle>) noexcept final {}
  void expire(const retention_rules&, const custody_context&, std::vector<certificate_step>&) final {}
  void leave_out_held(std::vector<core::subject_handle>&, const custody_context&) const final {}
};

// A custodian for places that are always the same and of which nobody is handed anything: about nobody, about
// operators, or with a holding::not_handed_over. A place that holds something of people needs somebody who reads it for
// them; a list of places cannot, so errc::internal for one that says neither.
std::unique_ptr<custodian> make_custodian(std::string name, std::vector<holding> holdings);

struct held {
  std::string custodian;
  holding what;
};

// What certificates say of whom what was disclosed to.
inline constexpr std::size_t max_recipients_told = 50;

// All custodians of a house.
class custodians {
 public:
  // Throws errc::already_exists for a name that is there.
  void add(std::unique_ptr<custodian> one);

  // Everything that is held, by custodian in the order in which they came. Throws errc::internal when two say that they
  // own a place, or one does not say what a reader of the inventory must know.
  std::vector<held> inventory() const;

  // For a certificate: of each step that found something, whom it was disclosed to, a remark each; beyond
  // max_recipients_told one says how many more there are.
  std::vector<std::string> recipient_remarks(std::span<const certificate_step> steps) const;

  // As custodian::settled, of the custodian that the step names; nothing while there is none of that name.
  std::optional<certificate_step> settled(const certificate_step& pending, const custody_context& with) const;

  // In the order in which they came.
  std::span<const std::unique_ptr<custodian>> all() const { return all_; }

 private:
  std::vector<std::unique_ptr<custodian>> all_;
};

}  // namespace eunomia::subject
