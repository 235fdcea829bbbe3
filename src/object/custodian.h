#pragma once

#include <memory>

#include "object/object_store.h"
#include "subject/custody/custodian.h"

namespace eunomia::object {

// Of everything that rests in this room. The store must outlive it.
std::unique_ptr<subject::custodian> make_custodian(object_store& objects);

}  // namespace eunomia::object
