"""Written by tests/tools/stubs.py."""

from collections.abc import Callable
from typing import Literal, Protocol, overload, type_check_only

from ._ndarray import NDArray
from ._typing import Axis, DType, Name, Number, Out, Shape

functions: dict[str, Callable[..., NDArray]]

@type_check_only
class _Mixed(Protocol):
    @overload
    def __call__(self, lhs: NDArray, rhs: NDArray | Number) -> NDArray: ...
    @overload
    def __call__(self, lhs: Number, rhs: NDArray) -> NDArray: ...
    @overload
    def __call__(self, lhs: float, rhs: float) -> float: ...

def square(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def abs(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def exp(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def log(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def log1p(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def expm1(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def log2(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def log10(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def sqrt(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def rsqrt(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def reciprocal(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def relu(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def sigmoid(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def softrelu(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def softsign(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def tanh(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def sin(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def cos(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def arcsin(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def arccos(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def arctan(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def sign(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def floor(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def ceil(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def trunc(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def round(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def negative(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def logical_not(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def identity(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def Activation(data: NDArray, act_type: str, *, out: Out = None, name: Name = None) -> NDArray: ...
def BlockGrad(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def stop_gradient(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def make_loss(
    data: NDArray, grad_scale: float = 1.0, *, out: Out = None, name: Name = None
) -> NDArray: ...
def MakeLoss(
    data: NDArray, grad_scale: float = 1.0, *, out: Out = None, name: Name = None
) -> NDArray: ...
def cast(data: NDArray, dtype: DType, *, out: Out = None, name: Name = None) -> NDArray: ...
def Cast(data: NDArray, dtype: DType, *, out: Out = None, name: Name = None) -> NDArray: ...
def clip(
    data: NDArray, a_min: float, a_max: float, *, out: Out = None, name: Name = None
) -> NDArray: ...
def smooth_l1(
    data: NDArray, scalar: Number = 1.0, *, out: Out = None, name: Name = None
) -> NDArray: ...
def elemwise_add(
    lhs: NDArray, rhs: NDArray, axis: Axis = None, *, out: Out = None, name: Name = None
) -> NDArray: ...
def broadcast_add(
    lhs: NDArray, rhs: NDArray, axis: Axis = None, *, out: Out = None, name: Name = None
) -> NDArray: ...
def broadcast_plus(
    lhs: NDArray, rhs: NDArray, axis: Axis = None, *, out: Out = None, name: Name = None
) -> NDArray: ...
def elemwise_sub(
    lhs: NDArray, rhs: NDArray, axis: Axis = None, *, out: Out = None, name: Name = None
) -> NDArray: ...
def broadcast_sub(
    lhs: NDArray, rhs: NDArray, axis: Axis = None, *, out: Out = None, name: Name = None
) -> NDArray: ...
def broadcast_minus(
    lhs: NDArray, rhs: NDArray, axis: Axis = None, *, out: Out = None, name: Name = None
) -> NDArray: ...
def elemwise_mul(
    lhs: NDArray, rhs: NDArray, axis: Axis = None, *, out: Out = None, name: Name = None
) -> NDArray: ...
def broadcast_mul(
    lhs: NDArray, rhs: NDArray, axis: Axis = None, *, out: Out = None, name: Name = None
) -> NDArray: ...
def elemwise_div(
    lhs: NDArray, rhs: NDArray, axis: Axis = None, *, out: Out = None, name: Name = None
) -> NDArray: ...
def broadcast_div(
    lhs: NDArray, rhs: NDArray, axis: Axis = None, *, out: Out = None, name: Name = None
) -> NDArray: ...
def broadcast_mod(
    lhs: NDArray, rhs: NDArray, axis: Axis = None, *, out: Out = None, name: Name = None
) -> NDArray: ...
def broadcast_power(
    lhs: NDArray, rhs: NDArray, axis: Axis = None, *, out: Out = None, name: Name = None
) -> NDArray: ...
def broadcast_maximum(
    lhs: NDArray, rhs: NDArray, axis: Axis = None, *, out: Out = None, name: Name = None
) -> NDArray: ...
def broadcast_minimum(
    lhs: NDArray, rhs: NDArray, axis: Axis = None, *, out: Out = None, name: Name = None
) -> NDArray: ...
def broadcast_hypot(
    lhs: NDArray, rhs: NDArray, axis: Axis = None, *, out: Out = None, name: Name = None
) -> NDArray: ...
def broadcast_equal(
    lhs: NDArray, rhs: NDArray, axis: Axis = None, *, out: Out = None, name: Name = None
) -> NDArray: ...
def broadcast_not_equal(
    lhs: NDArray, rhs: NDArray, axis: Axis = None, *, out: Out = None, name: Name = None
) -> NDArray: ...
def broadcast_greater(
    lhs: NDArray, rhs: NDArray, axis: Axis = None, *, out: Out = None, name: Name = None
) -> NDArray: ...
def broadcast_greater_equal(
    lhs: NDArray, rhs: NDArray, axis: Axis = None, *, out: Out = None, name: Name = None
) -> NDArray: ...
def broadcast_lesser(
    lhs: NDArray, rhs: NDArray, axis: Axis = None, *, out: Out = None, name: Name = None
) -> NDArray: ...
def broadcast_lesser_equal(
    lhs: NDArray, rhs: NDArray, axis: Axis = None, *, out: Out = None, name: Name = None
) -> NDArray: ...
def broadcast_logical_and(
    lhs: NDArray, rhs: NDArray, axis: Axis = None, *, out: Out = None, name: Name = None
) -> NDArray: ...
def broadcast_logical_or(
    lhs: NDArray, rhs: NDArray, axis: Axis = None, *, out: Out = None, name: Name = None
) -> NDArray: ...
def broadcast_logical_xor(
    lhs: NDArray, rhs: NDArray, axis: Axis = None, *, out: Out = None, name: Name = None
) -> NDArray: ...
def where(
    condition: NDArray, x: NDArray, y: NDArray, *, out: Out = None, name: Name = None
) -> NDArray: ...
def add_n(*args: NDArray, out: Out = None, name: Name = None) -> NDArray: ...
def ElementWiseSum(*args: NDArray, out: Out = None, name: Name = None) -> NDArray: ...
def sum(
    data: NDArray,
    axis: Axis = None,
    keepdims: bool = False,
    exclude: bool = False,
    *,
    out: Out = None,
    name: Name = None,
) -> NDArray: ...
def sum_axis(
    data: NDArray,
    axis: Axis = None,
    keepdims: bool = False,
    exclude: bool = False,
    *,
    out: Out = None,
    name: Name = None,
) -> NDArray: ...
def mean(
    data: NDArray,
    axis: Axis = None,
    keepdims: bool = False,
    exclude: bool = False,
    *,
    out: Out = None,
    name: Name = None,
) -> NDArray: ...
def nansum(
    data: NDArray,
    axis: Axis = None,
    keepdims: bool = False,
    exclude: bool = False,
    *,
    out: Out = None,
    name: Name = None,
) -> NDArray: ...
def prod(
    data: NDArray,
    axis: Axis = None,
    keepdims: bool = False,
    exclude: bool = False,
    *,
    out: Out = None,
    name: Name = None,
) -> NDArray: ...
def max(
    data: NDArray,
    axis: Axis = None,
    keepdims: bool = False,
    exclude: bool = False,
    *,
    out: Out = None,
    name: Name = None,
) -> NDArray: ...
def max_axis(
    data: NDArray,
    axis: Axis = None,
    keepdims: bool = False,
    exclude: bool = False,
    *,
    out: Out = None,
    name: Name = None,
) -> NDArray: ...
def min(
    data: NDArray,
    axis: Axis = None,
    keepdims: bool = False,
    exclude: bool = False,
    *,
    out: Out = None,
    name: Name = None,
) -> NDArray: ...
def min_axis(
    data: NDArray,
    axis: Axis = None,
    keepdims: bool = False,
    exclude: bool = False,
    *,
    out: Out = None,
    name: Name = None,
) -> NDArray: ...
def norm(
    data: NDArray,
    ord: int = 2,
    axis: Axis = None,
    keepdims: bool = False,
    *,
    out: Out = None,
    name: Name = None,
) -> NDArray: ...
def L2Normalization(
    data: NDArray, eps: float = 1e-10, mode: str = "instance", *, out: Out = None, name: Name = None
) -> NDArray: ...
def log_softmax(
    data: NDArray,
    axis: int = -1,
    temperature: float | None = None,
    *,
    out: Out = None,
    name: Name = None,
) -> NDArray: ...
def softmax(
    data: NDArray,
    axis: int = -1,
    temperature: float | None = None,
    *,
    out: Out = None,
    name: Name = None,
) -> NDArray: ...
def softmin(
    data: NDArray,
    axis: int = -1,
    temperature: float | None = None,
    *,
    out: Out = None,
    name: Name = None,
) -> NDArray: ...
def softmax_cross_entropy(
    data: NDArray, label: NDArray, *, out: Out = None, name: Name = None
) -> NDArray: ...
def argmax(
    data: NDArray, axis: Axis = None, keepdims: bool = False, *, out: Out = None, name: Name = None
) -> NDArray: ...
def argmin(
    data: NDArray, axis: Axis = None, keepdims: bool = False, *, out: Out = None, name: Name = None
) -> NDArray: ...
def argsort(
    data: NDArray,
    axis: int = -1,
    is_ascend: bool = True,
    dtype: DType = "float32",
    *,
    out: Out = None,
    name: Name = None,
) -> NDArray: ...
@overload
def topk(
    data: NDArray,
    axis: int = -1,
    k: int = 1,
    *,
    ret_typ: Literal["both"],
    is_ascend: bool = False,
    dtype: DType = "float32",
    out: Out = None,
    name: Name = None,
) -> list[NDArray]: ...
@overload
def topk(
    data: NDArray,
    axis: int = -1,
    k: int = 1,
    ret_typ: Literal["indices", "value", "mask"] = "indices",
    is_ascend: bool = False,
    dtype: DType = "float32",
    *,
    out: Out = None,
    name: Name = None,
) -> NDArray: ...
def sort(
    data: NDArray, axis: int = -1, is_ascend: bool = True, *, out: Out = None, name: Name = None
) -> NDArray: ...
def dot(
    lhs: NDArray,
    rhs: NDArray,
    transpose_a: bool = False,
    transpose_b: bool = False,
    *,
    out: Out = None,
    name: Name = None,
) -> NDArray: ...
def batch_dot(
    lhs: NDArray,
    rhs: NDArray,
    transpose_a: bool = False,
    transpose_b: bool = False,
    *,
    out: Out = None,
    name: Name = None,
) -> NDArray: ...
def FullyConnected(
    data: NDArray,
    weight: NDArray,
    bias: NDArray | None = None,
    num_hidden: int | None = None,
    no_bias: bool = False,
    flatten: bool = True,
    *,
    out: Out = None,
    name: Name = None,
) -> NDArray: ...
def Dropout(
    data: NDArray,
    p: float = 0.5,
    mode: str = "training",
    axes: Axis = (),
    cudnn_off: bool = False,
    *,
    out: Out = None,
    name: Name = None,
) -> NDArray: ...
def SoftmaxOutput(
    data: NDArray,
    label: NDArray,
    grad_scale: float = 1.0,
    ignore_label: float = -1.0,
    multi_output: bool = False,
    use_ignore: bool = False,
    preserve_shape: bool = False,
    normalization: str = "null",
    smooth_alpha: float = 0.0,
    *,
    out: Out = None,
    name: Name = None,
) -> NDArray: ...
def Embedding(
    data: NDArray,
    weight: NDArray,
    input_dim: int | None = None,
    output_dim: int | None = None,
    dtype: DType = "float32",
    *,
    out: Out = None,
    name: Name = None,
) -> NDArray: ...
def CTCLoss(
    data: NDArray,
    label: NDArray,
    data_lengths: NDArray | None = None,
    label_lengths: NDArray | None = None,
    use_data_lengths: bool = False,
    use_label_lengths: bool = False,
    blank_label: str = "first",
    *,
    out: Out = None,
    name: Name = None,
) -> NDArray: ...
def ctc_loss(
    data: NDArray,
    label: NDArray,
    data_lengths: NDArray | None = None,
    label_lengths: NDArray | None = None,
    use_data_lengths: bool = False,
    use_label_lengths: bool = False,
    blank_label: str = "first",
    *,
    out: Out = None,
    name: Name = None,
) -> NDArray: ...
def reshape(
    data: NDArray, shape: Shape, reverse: bool = False, *, out: Out = None, name: Name = None
) -> NDArray: ...
def Reshape(
    data: NDArray, shape: Shape, reverse: bool = False, *, out: Out = None, name: Name = None
) -> NDArray: ...
def reshape_like(lhs: NDArray, rhs: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def flatten(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def Flatten(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def expand_dims(data: NDArray, axis: int, *, out: Out = None, name: Name = None) -> NDArray: ...
def squeeze(data: NDArray, axis: Axis = None, *, out: Out = None, name: Name = None) -> NDArray: ...
def transpose(
    data: NDArray, axes: Axis = None, *, out: Out = None, name: Name = None
) -> NDArray: ...
def swapaxes(
    data: NDArray, dim1: int = 0, dim2: int = 0, *, out: Out = None, name: Name = None
) -> NDArray: ...
def SwapAxis(
    data: NDArray, dim1: int = 0, dim2: int = 0, *, out: Out = None, name: Name = None
) -> NDArray: ...
def flip(data: NDArray, axis: int, *, out: Out = None, name: Name = None) -> NDArray: ...
def reverse(data: NDArray, axis: int, *, out: Out = None, name: Name = None) -> NDArray: ...
def diag(
    data: NDArray, k: int = 0, axis1: int = 0, axis2: int = 1, *, out: Out = None, name: Name = None
) -> NDArray: ...
def cumsum(
    a: NDArray, axis: Axis = None, dtype: DType = None, *, out: Out = None, name: Name = None
) -> NDArray: ...
def zeros_like(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def ones_like(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def shape_array(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def size_array(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def broadcast_to(data: NDArray, shape: Shape, *, out: Out = None, name: Name = None) -> NDArray: ...
def broadcast_like(
    lhs: NDArray, rhs: NDArray, *, out: Out = None, name: Name = None
) -> NDArray: ...
def broadcast_axis(
    data: NDArray, axis: Axis = (), size: Shape = (), *, out: Out = None, name: Name = None
) -> NDArray: ...
def broadcast_axes(
    data: NDArray, axis: Axis = (), size: Shape = (), *, out: Out = None, name: Name = None
) -> NDArray: ...
def tile(data: NDArray, reps: Shape, *, out: Out = None, name: Name = None) -> NDArray: ...
def repeat(
    data: NDArray, repeats: int, axis: Axis = None, *, out: Out = None, name: Name = None
) -> NDArray: ...
def concat(*data: NDArray, dim: int = 1, out: Out = None, name: Name = None) -> NDArray: ...
def Concat(*data: NDArray, dim: int = 1, out: Out = None, name: Name = None) -> NDArray: ...
def stack(*data: NDArray, axis: int = 0, out: Out = None, name: Name = None) -> NDArray: ...
def split(
    data: NDArray,
    num_outputs: int,
    axis: int = 1,
    squeeze_axis: bool = False,
    *,
    out: Out = None,
    name: Name = None,
) -> list[NDArray]: ...
def SliceChannel(
    data: NDArray,
    num_outputs: int,
    axis: int = 1,
    squeeze_axis: bool = False,
    *,
    out: Out = None,
    name: Name = None,
) -> list[NDArray]: ...
def slice_axis(
    data: NDArray, axis: int, begin: Axis, end: Axis, *, out: Out = None, name: Name = None
) -> NDArray: ...
def slice(
    data: NDArray, begin: Axis, end: Axis, step: Axis = (), *, out: Out = None, name: Name = None
) -> NDArray: ...
def slice_like(
    data: NDArray, shape_like: NDArray, axes: Axis = (), *, out: Out = None, name: Name = None
) -> NDArray: ...
def pick(
    data: NDArray,
    index: NDArray,
    axis: int = -1,
    keepdims: bool = False,
    mode: str = "clip",
    *,
    out: Out = None,
    name: Name = None,
) -> NDArray: ...
def take(
    a: NDArray,
    indices: NDArray,
    axis: int = 0,
    mode: str = "clip",
    *,
    out: Out = None,
    name: Name = None,
) -> NDArray: ...
def batch_take(a: NDArray, indices: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def gather_nd(
    data: NDArray, indices: NDArray, *, out: Out = None, name: Name = None
) -> NDArray: ...
def one_hot(
    indices: NDArray,
    depth: int,
    on_value: float = 1.0,
    off_value: float = 0.0,
    dtype: DType = "float32",
    *,
    out: Out = None,
    name: Name = None,
) -> NDArray: ...
def SequenceMask(
    data: NDArray,
    sequence_length: NDArray | None = None,
    use_sequence_length: bool = False,
    value: float = 0.0,
    axis: int = 0,
    *,
    out: Out = None,
    name: Name = None,
) -> NDArray: ...
def sequence_mask(
    data: NDArray,
    sequence_length: NDArray | None = None,
    use_sequence_length: bool = False,
    value: float = 0.0,
    axis: int = 0,
    *,
    out: Out = None,
    name: Name = None,
) -> NDArray: ...
def tan(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def sinh(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def cosh(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def arcsinh(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def arccosh(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def arctanh(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def cbrt(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def rcbrt(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def degrees(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def radians(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def fix(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def rint(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def erf(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def gammaln(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def gamma(data: NDArray, *, out: Out = None, name: Name = None) -> NDArray: ...
def hard_sigmoid(
    data: NDArray, alpha: float = 0.2, beta: float = 0.5, *, out: Out = None, name: Name = None
) -> NDArray: ...
def LeakyReLU(
    data: NDArray,
    act_type: str = "leaky",
    slope: float = 0.25,
    *,
    out: Out = None,
    name: Name = None,
) -> NDArray: ...

add: _Mixed
subtract: _Mixed
multiply: _Mixed
divide: _Mixed
true_divide: _Mixed
modulo: _Mixed
power: _Mixed
pow: _Mixed
maximum: _Mixed
minimum: _Mixed
hypot: _Mixed
equal: _Mixed
not_equal: _Mixed
greater: _Mixed
greater_equal: _Mixed
lesser: _Mixed
lesser_equal: _Mixed
logical_and: _Mixed
logical_or: _Mixed
logical_xor: _Mixed
