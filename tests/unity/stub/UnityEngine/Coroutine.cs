using System.Collections;

namespace UnityEngine
{
    public sealed class Coroutine : YieldInstruction
    {
        internal readonly IEnumerator routine;
        internal object waitsFor;
        internal double until;
        internal bool isDone;

        internal Coroutine(IEnumerator routine) { this.routine = routine; }
    }
}
