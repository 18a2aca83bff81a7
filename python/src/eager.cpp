// The eager road of tensors that bring DLPack's exchange table (torch >= 2.10): one builtin that borrows x, allocates
// through the framework, runs on its current stream, and hands both outputs back.
//
// apache-tvm-ffi's own call costs about 3 us more, because it returns two tensors in a container (docs/python.md). Only
// functions of Python's stable interface are used, and found in the process that loads this library: it is the same build
// for every Python.
#define Py_LIMITED_API 0x030A0000
#include <Python.h>

#include <array>
#include <cstdint>

#include "dlpack/dlpack.h"
#include "topkit/topkit.h"

namespace {

constexpr const char* kTable = "dlpack_exchange_api";
constexpr int kMaxRank = 64;

struct Owned {
  DLManagedTensorVersioned* tensor = nullptr;

  Owned() = default;
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() {
    if (tensor != nullptr && tensor->deleter != nullptr) tensor->deleter(tensor);
  }
  DLTensor* get() const { return &tensor->dl_tensor; }
};

void ignore_error(void*, const char*, const char*) {}

bool allocate(const DLPackExchangeAPI& table, const DLTensor& like, std::int64_t* shape, DLDataType type, Owned& out) {
  DLTensor prototype{};
  prototype.device = like.device;
  prototype.ndim = like.ndim;
  prototype.dtype = type;
  prototype.shape = shape;
  return table.managed_tensor_allocator(&prototype, &out.tensor, nullptr, ignore_error) == 0;
}

// What CUDA takes without a look at strides: rows along the last axis, all packed.
bool packed(const DLTensor& x) {
  std::int64_t stride = 1;
  for (int i = x.ndim - 1; i >= 0; --i) {
    if (x.shape[i] != 1 && x.strides != nullptr && x.strides[i] != stride) return false;
    stride *= x.shape[i];
  }
  return true;
}

struct Request {
  std::int64_t k, axis, index_bits;
  tk_options options;
};

bool read(PyObject* const* args, Request& request) {
  if (Py_TYPE(args[1]) != &PyLong_Type || Py_TYPE(args[2]) != &PyLong_Type) return false;
  request.k = PyLong_AsLongLong(args[1]);
  request.axis = PyLong_AsLongLong(args[2]);
  request.index_bits = PyLong_AsLongLong(args[5]);
  const int largest = PyObject_IsTrue(args[3]), sorted = PyObject_IsTrue(args[4]);
  if (PyErr_Occurred() != nullptr) return false;
  tk_options_init(&request.options);
  request.options.largest = largest;
  request.options.order = sorted != 0 ? TK_ORDER_VALUE : TK_ORDER_ANY;
  return true;
}

bool select_on_cuda(const DLPackExchangeAPI& table, DLTensor& x, const Request& request, DLTensor* values,
                    DLTensor* indices) {
  std::size_t bytes = 0;
  if (tk_topk_workspace(&x, request.k, &request.options, values, indices, &bytes) != TK_OK) return false;
  void* stream = nullptr;
  if (table.current_work_stream(x.device.device_type, x.device.device_id, &stream) != 0) return false;
  if (bytes == 0) return tk_topk(&x, request.k, &request.options, values, indices, nullptr, stream) == TK_OK;
  // Freed when the launch has returned: the framework's allocator is ordered by the stream we launch on.
  Owned workspace;
  auto size = static_cast<std::int64_t>(bytes);
  DLTensor flat = x;
  flat.ndim = 1;
  return allocate(table, flat, &size, {kDLUInt, 8, 1}, workspace) &&
         tk_topk(&x, request.k, &request.options, values, indices, workspace.get(), stream) == TK_OK;
}

bool select(const DLPackExchangeAPI& table, DLTensor& x, const Request& request, DLTensor* values, DLTensor* indices) {
  if (x.device.device_type != kDLCPU) return select_on_cuda(table, x, request, values, indices);
  PyThreadState* thread = PyEval_SaveThread();
  const tk_status status = tk_topk(&x, request.k, &request.options, values, indices, nullptr, nullptr);
  PyEval_RestoreThread(thread);
  return status == TK_OK;
}

PyObject* to_python(const DLPackExchangeAPI& table, Owned& tensor) {
  void* object = nullptr;
  DLManagedTensorVersioned* given = tensor.tensor;
  tensor.tensor = nullptr;  // the framework's from here on
  return table.managed_tensor_to_py_object_no_sync(given, &object) == 0 ? static_cast<PyObject*>(object) : nullptr;
}

// None: not a call for this road. The general one, which can do everything, then finds out why and says it.
PyObject* not_here() {
  PyErr_Clear();
  Py_INCREF(Py_None);
  return Py_None;
}

// (x, k, dim, largest, sorted, bits of an index) -> (values, indices) or None.
PyObject* topk(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  if (count != 6) {
    PyErr_SetString(PyExc_TypeError, "eager topk takes (x, k, dim, largest, sorted, index_bits)");
    return nullptr;
  }
  const auto* table = static_cast<const DLPackExchangeAPI*>(PyCapsule_GetPointer(self, kTable));
  DLTensor x{};
  Request request{};
  if (table == nullptr || table->dltensor_from_py_object_no_sync(args[0], &x) != 0) return not_here();
  if (x.ndim < 1 || x.ndim > kMaxRank || !read(args, request)) return not_here();
  const std::int64_t axis = request.axis < 0 ? request.axis + x.ndim : request.axis;
  if (axis < 0 || axis >= x.ndim) return not_here();
  if (x.device.device_type != kDLCPU && (x.device.device_type != kDLCUDA || axis != x.ndim - 1 || !packed(x)))
    return not_here();
  if (request.k < 0 || request.k > x.shape[axis]) return not_here();
  request.options.axis = static_cast<std::int32_t>(axis);

  std::array<std::int64_t, kMaxRank> shape;
  for (int i = 0; i < x.ndim; ++i) shape[static_cast<std::size_t>(i)] = x.shape[i];
  shape[static_cast<std::size_t>(axis)] = request.k;
  Owned values, indices;
  if (!allocate(*table, x, shape.data(), x.dtype, values) ||
      !allocate(*table, x, shape.data(), {kDLInt, static_cast<std::uint8_t>(request.index_bits), 1}, indices) ||
      !select(*table, x, request, values.get(), indices.get()))
    return not_here();

  PyObject* first = to_python(*table, values);
  if (first == nullptr) return nullptr;
  PyObject* second = to_python(*table, indices);
  PyObject* pair = second == nullptr ? nullptr : PyTuple_Pack(2, first, second);
  Py_DecRef(first);
  Py_XDECREF(second);
  return pair;
}

PyMethodDef method{
    "topk", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(topk)), METH_FASTCALL,
    "(x, k, dim, largest, sorted, index_bits) -> (values, indices), or None where the general road must be taken."};

}  // namespace

// The builtin for the framework whose `__dlpack_c_exchange_api__` is given, or None when this library cannot use it.
// Called through ctypes.PyDLL, so with the interpreter's lock held.
extern "C" __attribute__((visibility("default"))) PyObject* topkit_eager(PyObject* capsule) {
  const auto* table = static_cast<const DLPackExchangeAPI*>(PyCapsule_GetPointer(capsule, kTable));
  if (table == nullptr || table->header.version.major != DLPACK_MAJOR_VERSION ||
      table->dltensor_from_py_object_no_sync == nullptr)
    return not_here();
  return PyCFunction_NewEx(&method, capsule, nullptr);
}
