#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "wire/http/message.h"
#include "wire/recombee/house.h"
#include "wire/recombee/parameters.h"

namespace eunomia::wire::recombee {

// The database was made anew since a request found it: the request is to be run again with what it is now.
struct database_was_changed {};

// What requests want to be stored and is not yet: of one, or of several of a batch that follow each other, which are
// then stored together. For one thread.
class pending_writes {
 public:
  pending_writes(const house& in, database& of) : in_(in), of_(of) {}

  // From here to flush() nobody else changes what is known of an item or a user of the database, nor, by this protocol,
  // its columns. Throws database_was_changed.
  void begin();
  void put_item(const std::string& id, std::map<std::string, std::string> columns);
  void put_user(const std::string& id, std::map<std::string, std::string> columns);
  void record(recommend::event what);

  // What it is to be; null where nothing is pending of it.
  const std::map<std::string, std::string>* item(std::string_view id) const;
  const std::map<std::string, std::string>* user(std::string_view id) const;
  bool did(std::string_view user, std::string_view item, std::string_view type, std::int64_t time) const;
  bool did_something(std::string_view user) const { return active_.contains(user); }
  std::size_t size() const { return items_.size() + users_.size() + events_.size(); }

  // Durable when it returns. Throws as dataset::put and dataset::record.
  void flush();

 private:
  using values = std::map<std::string, std::string>;

  const house& in_;
  database& of_;
  std::unique_lock<std::mutex> writing_;
  std::map<std::string, values, std::less<>> items_;
  std::map<std::string, values, std::less<>> users_;
  std::vector<recommend::event> events_;
  std::set<std::tuple<std::string, std::string, std::string, std::int64_t>> done_;  // user, item, type, time
  std::set<std::string, std::less<>> active_;                                       // users of these
};

// One request, by itself or in a batch.
struct call {
  const house& in;
  const std::shared_ptr<database> of;
  std::map<std::string, std::string> path;  // what stood for the {names}
  parameters given;
  http::identity who;
  pending_writes& writes;
  std::map<std::string, std::set<std::string>>* shown_to = nullptr;  // of a batch with distinctRecomms: items by user

  database& db() const { return *of; }
  const std::string& named(const std::string& name) const { return path.at(name); }
};

struct reply {
  unsigned status = 200;
  core::json_value body = ok();
};
// An error as Recombee has it.
reply refusal(unsigned status, std::string_view message);

struct operation {
  http::method verb;
  std::string path;  // without the database: "/items/{itemId}"
  http::access who;
  std::function<reply(call&)> run;
  bool gathers = false;  // everything it changes is a pending write
};

void add_operation(std::vector<operation>& to, http::method verb, std::string path, http::access who,
                   std::function<reply(call&)> run, bool gathers = false);

// Who somebody is, if the database knows them: by a profile or something they did. Nothing for others. Somebody who is
// not admitted for the purpose counts as known, and nothing is told of them.
std::optional<core::subject_handle> find_user(const call& of, const std::string& user);
// Also one that is pending.
bool has_user(const call& of, const std::string& user);
bool has_item(const call& of, const std::string& item);
// Throw errc::not_found.
core::subject_handle require_user(const call& of, const std::string& user);
void require_item(const call& of, const std::string& item);
// Creates what is missing where the request says cascadeCreate, else throws errc::not_found.
void ensure_user(call& of, const std::string& user);
void ensure_item(call& of, const std::string& item);

// What is known of a user of the database, by its user properties; nulls for nobody.
database::values values_of_user(const call& of, const std::optional<core::subject_handle>& user);

// The operations, each file those of one chapter of Recombee's documentation.
void add_items(std::vector<operation>& to);
void add_properties(std::vector<operation>& to);
void add_users(std::vector<operation>& to);
void add_interactions(std::vector<operation>& to);
void add_recommendations(std::vector<operation>& to);
void add_user_recommendations(std::vector<operation>& to);
void add_segment_recommendations(std::vector<operation>& to);
void add_composite(std::vector<operation>& to);
void add_search(std::vector<operation>& to);
void add_segmentations(std::vector<operation>& to);
void add_series(std::vector<operation>& to);
void add_database(std::vector<operation>& to);

}  // namespace eunomia::wire::recombee
