#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "subject/custody/custodian.h"
#include "wire/recombee/authenticator.h"
#include "wire/recombee/house.h"
#include "wire/recombee/protocol.h"

namespace eunomia::wire::recombee {

// Recombee's API as a protocol of the one port, and what it begins by itself.
class service {
 public:
  // What is of the house's: all outlive this.
  struct surroundings {
    store::sql::database& sql;
    recommend::datasets& datasets;
    recommend::recommenders& recommenders;
    recommend::background& background;
    recommend::answering& answering;
    subject::durable_directory& people;
    subject::erasures& erasures;
    subject::rights_desk& desk;
    core::thread_pool& forget_pool;
    core::thread_pool& work_pool;
    core::purpose purpose;
    std::string user_space;
  };

  // Brings the schema of this room up to date.
  service(const surroundings& in, authenticator::key_lookup keys, authenticator::clock now);

  const http::protocol& speaks() const { return protocol_; }
  // Rows were imported into the dataset.
  void changed(std::string_view dataset) { open_.changed(dataset); }
  // Begins the trainings that are due.
  void look(std::int64_t now) { answers_.look(now); }

 private:
  definitions made_;
  databases open_;
  given_lists given_;
  models answers_;
  house house_;
  authenticator who_calls_;
  protocol protocol_;
};

// The table of definitions: about nobody.
std::unique_ptr<subject::custodian> make_custodian();

}  // namespace eunomia::wire::recombee
