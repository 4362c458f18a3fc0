namespace UnityEngine
{
    public sealed class WaitForSeconds : YieldInstruction
    {
        internal readonly float seconds;

        public WaitForSeconds(float seconds) { this.seconds = seconds; }
    }
}
