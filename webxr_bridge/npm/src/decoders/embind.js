/**
 * Two functions of Emscripten's embind without `new Function`, as embind has them when built with
 * `-sDYNAMIC_EXECUTION=0`: three's Basis transcoder was not, and `eval` is allowed nowhere here.
 * `build.workers.mjs` puts them where the transcoder would make functions from text.
 */

function staticInvoker(argTypes, isMethod, hasStack, returns, invoker, target, runDestructors) {
  return function (...args) {
    const destructors = hasStack ? [] : null;
    const wired = isMethod ? [argTypes[1].toWireType(destructors, this)] : [];
    for (let i = 2; i < argTypes.length; i++) wired.push(argTypes[i].toWireType(destructors, args[i - 2]));
    const result = invoker(target, ...wired);
    if (hasStack) runDestructors(destructors);
    else {
      const first = isMethod ? 1 : 2;
      wired.forEach((value, i) => argTypes[first + i].destructorFunction?.(value));
    }
    return returns ? argTypes[0].fromWireType(result) : undefined;
  };
}

function staticCaller(kind, retType, types, returnValue) {
  return (object, callee, destructorsRef, pointer) => {
    const args = types.map((type) => {
      const value = type.readValueFromPointer(pointer);
      pointer += type.argPackAdvance;
      return value;
    });
    const result = kind === 1 ? new callee(...args) : callee.call(object, ...args);
    return retType.isVoid ? undefined : returnValue(retType, destructorsRef, result);
  };
}
